import { openEmbedded } from '../../infra/local/embedded.ts';
import { runOnce } from '../../infra/local/run-once.ts';
import { isWell } from '../../infra/local/run-summary.ts';
import { Service } from '../../infra/local/service.ts';
import { closeSocket, listenOnSocket } from '../../infra/local/socket-server.ts';
import { makeContext, requireSoundConfiguration } from '../context.ts';
import type { CommonOptions } from '../context.ts';
import { NOT_WELL, WELL } from '../exit-status.ts';
import { closingSignal } from '../signals.ts';
import { printSummary } from '../summary-table.ts';

export interface RunOptions extends CommonOptions {
  readonly once?: boolean;
}

/** `mailferry run`: for good, or once. */
export async function run(options: RunOptions): Promise<number> {
  const context = makeContext(options);
  await requireSoundConfiguration(context);
  return options.once === true ? fetchOnce(options, []) : serve(options);
}

/** `run --once`, and `fetch` where no connector runs. */
export async function fetchOnce(options: CommonOptions, ids: readonly string[]): Promise<number> {
  const context = makeContext(options);
  const closing = closingSignal();
  const embedded = await openEmbedded(context.embedded);
  try {
    const settings = await embedded.deps.settings.read();
    context.log.setLevel(settings.general.logLevel);
    const socket = await listenOnSocket(embedded, false);
    try {
      const summary = await runOnce(embedded, ids, closing);
      printSummary(summary, options.json === true);
      return isWell(summary) ? WELL : NOT_WELL;
    } finally {
      await closeSocket(socket);
    }
  } finally {
    await embedded.close();
  }
}

async function serve(options: CommonOptions): Promise<number> {
  const context = makeContext(options);
  const closing = closingSignal();
  const embedded = await openEmbedded(context.embedded);
  try {
    const socket = await listenOnSocket(embedded, true);
    try {
      const setLogLevel = context.log.setLevel.bind(context.log);
      await new Service(embedded, { setLogLevel }).run(closing);
    } finally {
      await closeSocket(socket);
    }
  } finally {
    await embedded.close();
  }
  return WELL;
}
