import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import type { MailboxStatus, StatusReport } from '../../functions/api/status.ts';
import { Failure } from '../../shared/failure.ts';
import { socketPath } from '../../infra/local/data-folder.ts';
import { makeContext, requireSoundConfiguration } from '../context.ts';
import type { Context, CommonOptions } from '../context.ts';
import { NOT_WELL, UsageError, WELL } from '../exit-status.ts';
import { printMailboxes } from '../mailbox-table.ts';
import { acceptedBody, askSocket } from '../socket-client.ts';
import { yamlSettings } from '../../shared/settings/yaml-source.ts';
import { fetchOnStage } from './fetch-on-stage.ts';
import { fetchOnce } from './run.ts';

const POLL_MS = 250;
const accepted = z.object({ mailboxes: z.array(z.string()), requestedAt: z.string() });

/** `mailferry fetch`: asks the connector that runs and follows it; where none runs, fetches by itself. */
export async function fetchNow(options: CommonOptions, ids: readonly string[]): Promise<number> {
  if (options.stage !== undefined) return fetchOnStage(options.stage, options, ids);
  const context = makeContext(options);
  await requireSoundConfiguration(context, true);
  await requireKnown(context, ids);
  const socket = socketPath(options.data);
  const paths =
    ids.length === 0 ? ['/fetch'] : ids.map((id) => `/mailboxes/${encodeURIComponent(id)}/fetch`);
  const requests: z.infer<typeof accepted>[] = [];
  for (const path of paths) {
    const answer = await askSocket(socket, 'POST', path);
    if (answer === null) return fetchOnce(context, ids);
    requests.push(accepted.parse(acceptedBody(answer)));
  }
  const mailboxes = await follow(socket, requests);
  printMailboxes(mailboxes, options.json === true);
  return mailboxes.every((one) => one.status === 'ok') ? WELL : NOT_WELL;
}

/** Waits until each mailbox has ended a run that began after the request: one under way may have listed before it. */
async function follow(
  socket: string,
  requests: readonly z.infer<typeof accepted>[],
): Promise<MailboxStatus[]> {
  const ids = requests.flatMap((request) => request.mailboxes);
  const since = Math.min(...requests.map((request) => Date.parse(request.requestedAt)));
  for (;;) {
    const answer = await askSocket(socket, 'GET', '/status');
    if (answer === null) {
      throw new Failure(
        'connect',
        'temporary',
        'the connector stopped while its fetch was followed',
      );
    }
    const report = acceptedBody(answer) as StatusReport;
    const asked = report.mailboxes.filter((one) => ids.includes(one.id));
    if (asked.every((one) => hasEnded(one, since))) return asked;
    await sleep(POLL_MS);
  }
}

function hasEnded(mailbox: MailboxStatus, since: number): boolean {
  if (mailbox.status === 'misconfigured') return true;
  if (mailbox.status === 'busy' || mailbox.lastRun === null) return false;
  return Date.parse(mailbox.lastRun) >= since;
}

async function requireKnown(context: Context, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const memory = { load: () => Promise.resolve(null), store: () => Promise.resolve() };
  const settings = await yamlSettings({ file: context.options.config, memory }).read();
  const unknown = ids.filter((id) => !settings.mailboxes.has(id));
  if (unknown.length === 0) return;
  const known = [...settings.mailboxes.keys()].join(', ');
  throw new UsageError(
    `expected mailboxes of the configuration (${known}), got ${unknown.join(', ')}`,
  );
}
