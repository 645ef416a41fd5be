import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { tooSoonStatus } from '../../functions/api/mailbox-status.ts';
import type { MailboxStatus } from '../../functions/api/mailbox-status.ts';
import { isAnswered } from '../../functions/api/request-fetch.ts';
import type { StatusReport } from '../../functions/api/status.ts';
import { socketPath } from '../../infra/local/data-folder.ts';
import { isFailure } from '../../shared/failure.ts';
import type { RequestAnswer } from '../../shared/ledger/mailbox-transitions.ts';
import { yamlSettings } from '../../shared/settings/yaml-source.ts';
import { makeContext, requireSoundConfiguration } from '../context.ts';
import type { Context, CommonOptions } from '../context.ts';
import { NOT_WELL, UsageError, WELL } from '../exit-status.ts';
import { printMailboxes } from '../mailbox-table.ts';
import { say } from '../output.ts';
import { ProgressView } from '../progress-view.ts';
import { acceptedBody, askSocket } from '../socket-client.ts';
import { fetchOnStage } from './fetch-on-stage.ts';
import { fetchOnce } from './run.ts';
import { statusOfFolder } from './status.ts';

const POLL_MS = 250;
/** The connector that has just stopped still closes its folder. Milliseconds. */
const HANDOVER_MS = 10_000;

const time = z.number().nullable();
const answer: z.ZodType<RequestAnswer> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('joined'), startedAt: z.number() }),
  z.object({ kind: z.literal('noted'), startedBefore: time }),
  z.object({ kind: z.literal('tooSoon'), until: z.number() }),
]);
const accepted = z.object({ runs: z.array(z.object({ mailbox: z.string(), answer })) });

type Runs = z.infer<typeof accepted>['runs'];

/** `mailferry fetch`: asks the connector that runs and follows it; where none runs, fetches by itself. */
export async function fetchNow(options: CommonOptions, ids: readonly string[]): Promise<number> {
  if (options.stage !== undefined) return fetchOnStage(options.stage, options, ids);
  const context = makeContext(options);
  await requireSoundConfiguration(context, true);
  await requireKnown(context, ids);
  const socket = socketPath(options.data);
  const runs = await requestRuns(socket, ids);
  if (runs === null) return fetchOnce(context, ids);
  const mailboxes = await follow(socket, runs);
  return mailboxes === null ? takeOver(context, runs) : show(mailboxes, options);
}

/** @returns null when no connector runs */
async function requestRuns(socket: string, ids: readonly string[]): Promise<Runs | null> {
  const paths =
    ids.length === 0
      ? ['/fetch']
      : [...new Set(ids)].map((id) => `/mailboxes/${encodeURIComponent(id)}/fetch`);
  const runs: Runs[number][] = [];
  for (const path of paths) {
    const reply = await askSocket(socket, 'POST', path);
    if (reply === null) return null;
    runs.push(...accepted.parse(acceptedBody(reply)).runs);
  }
  return runs;
}

/**
 * Waits until each run that answers the request has ended.
 * @returns null when the connector stopped before that
 */
async function follow(socket: string, runs: Runs): Promise<MailboxStatus[] | null> {
  using view = ProgressView.following();
  for (;;) {
    const reply = await askSocket(socket, 'GET', '/status');
    if (reply === null) return null;
    const report = acceptedBody(reply) as StatusReport;
    const asked = runs.flatMap(({ mailbox, answer: one }) => {
      const found = report.mailboxes.find(({ id }) => id === mailbox);
      return found === undefined ? [] : [{ found, answer: one }];
    });
    for (const { found } of asked) view.show(found.id, found.progress);
    if (asked.every((one) => hasEnded(one.found, one.answer))) {
      return asked.map((one) => standing(one.found, one.answer));
    }
    await sleep(POLL_MS);
  }
}

function hasEnded(mailbox: MailboxStatus, to: RequestAnswer): boolean {
  if (mailbox.status === 'misconfigured') return true;
  const { lastRun, lastEnded, status } = mailbox;
  const run = { startedAt: parsed(lastRun), endedAt: parsed(lastEnded), isBusy: status === 'busy' };
  return isAnswered(run, to);
}

function standing(mailbox: MailboxStatus, to: RequestAnswer): MailboxStatus {
  return to.kind === 'tooSoon' ? tooSoonStatus(mailbox, to.until) : mailbox;
}

/**
 * A single run that was joined has ended, or the service was stopped: what it has left undone is done here.
 */
async function takeOver(context: Context, runs: Runs): Promise<number> {
  const report = await untilFree(() => statusOfFolder(context));
  const asked = runs.map(({ mailbox, answer: one }) => ({
    id: mailbox,
    answer: one,
    found: report.mailboxes.find(({ id }) => id === mailbox),
  }));
  const open = asked.filter((one) => one.found === undefined || !hasEnded(one.found, one.answer));
  if (open.length > 0) {
    say('the connector has stopped; this command fetches instead');
    const ids = open.map(({ id }) => id);
    return untilFree(() => fetchOnce(context, ids));
  }
  const mailboxes = asked.flatMap(({ found, answer: one }) =>
    found === undefined ? [] : [standing(found, one)],
  );
  return show(mailboxes, context.options);
}

async function untilFree<Result>(work: () => Promise<Result>): Promise<Result> {
  const until = Date.now() + HANDOVER_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isHeld = isFailure(error) && error.kind === 'store' && error.permanence === 'temporary';
      if (!isHeld || Date.now() > until) throw error;
      await sleep(POLL_MS);
    }
  }
}

function show(mailboxes: readonly MailboxStatus[], options: CommonOptions): number {
  printMailboxes(mailboxes, options.json === true);
  return mailboxes.every((one) => one.status === 'ok') ? WELL : NOT_WELL;
}

function parsed(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
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
