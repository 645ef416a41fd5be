import { isWell } from '../../functions/api/run-summary.ts';
import { openEmbedded } from '../../infra/local/embedded.ts';
import type { Embedded } from '../../infra/local/embedded.ts';
import { runOnce } from '../../infra/local/run-once.ts';
import { Service } from '../../infra/local/service.ts';
import { closeSocket, listenOnSocket } from '../../infra/local/socket-server.ts';
import { trustSystemAuthorities } from '../../infra/local/system-authorities.ts';
import type { FetchProgress } from '../../shared/ledger/mailbox-record.ts';
import type { Settings } from '../../shared/settings/settings.ts';
import { makeContext, requireSoundConfiguration } from '../context.ts';
import type { CommonOptions, Context } from '../context.ts';
import { NOT_WELL, WELL } from '../exit-status.ts';
import { ProgressView } from '../progress-view.ts';
import { closingSignal } from '../signals.ts';
import { printSummary } from '../summary-table.ts';
import { runOnStage } from './run-on-stage.ts';

export interface RunOptions extends CommonOptions {
  readonly once?: boolean;
}

/** `mailferry run`: for good, or once. */
export async function run(options: RunOptions): Promise<number> {
  if (options.stage !== undefined) return runOnStage(options.stage, options);
  const context = makeContext(options);
  await requireSoundConfiguration(context, true);
  return options.once === true ? fetchOnce(context, []) : serve(context);
}

/** `run --once`, and `fetch` where no connector runs. */
export function fetchOnce(context: Context, ids: readonly string[]): Promise<number> {
  return withConnector(context, async (embedded, closing) => {
    takeUp(context, await embedded.deps.settings.read());
    const summary = await showingProgress(context, (onProgress) =>
      runOnce(embedded, ids, closing, onProgress),
    );
    printSummary(summary, context.options.json === true);
    return isWell(summary) ? WELL : NOT_WELL;
  });
}

async function showingProgress<Result>(
  context: Context,
  work: (onProgress: (mailbox: string, progress: FetchProgress) => void) => Promise<Result>,
): Promise<Result> {
  using view = ProgressView.own(context.lines);
  return await work((mailbox, progress) => {
    view.show(mailbox, progress);
  });
}

function serve(context: Context): Promise<number> {
  return withConnector(context, async (embedded, closing) => {
    const onSettings = (settings: Settings): void => {
      takeUp(context, settings);
    };
    await new Service(embedded, { onSettings }).run(closing);
    return WELL;
  });
}

/** Owns the data folder and answers on its socket while `work` lasts. */
async function withConnector(
  context: Context,
  work: (embedded: Embedded, closing: AbortSignal) => Promise<number>,
): Promise<number> {
  const closing = closingSignal();
  const embedded = await openEmbedded(context.embedded);
  try {
    const socket = await listenOnSocket(embedded);
    try {
      return await work(embedded, closing);
    } finally {
      await closeSocket(socket);
    }
  } finally {
    await embedded.close();
  }
}

/** What of the settings concerns the process as a whole. */
export function takeUp(context: Context, settings: Settings): void {
  context.log.setLevel(settings.general.logLevel);
  trustSystemAuthorities(settings);
}
