import type { CauseRecord, ToldTogether } from '../../shared/ledger/cause-record.ts';
import { beginTelling, endTelling } from '../../shared/ledger/cause-transitions.ts';
import type { CauseLedger } from '../../shared/ledger/failed-ledger.ts';
import { causeReason } from '../deliver/failure-cause.ts';
import { dateTime } from '../../shared/mail/received.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Notice } from '../../shared/notice/notice.ts';
import { postNotice } from '../../shared/notice/post-notice.ts';
import type { NoticeDeps } from '../../shared/notice/post-notice.ts';

export interface TellCausesDeps extends NoticeDeps {
  readonly causes: CauseLedger;
  readonly clock: Clock;
}

/**
 * Tells failures that were noted under their cause: one notice a cause, once its window is over. What is told is fixed
 * in the ledger first, so that a second try after a crash posts the same notice and no other.
 * @param atOnce whatever the window, since nobody comes by soon (the end of a single run)
 * @returns how many notices were posted
 */
export async function tellCauses(deps: TellCausesDeps, atOnce: boolean): Promise<number> {
  let posted = 0;
  for (const [cause, { telling, further }] of await deps.causes.all()) {
    if (telling === null && further.count === 0) continue;
    const now = deps.clock.now();
    const record = await deps.causes.change(cause, beginTelling(now, atOnce));
    if (record?.telling == null) continue;
    await postNotice(deps, summary(cause, record, record.telling));
    await deps.causes.change(cause, endTelling(record.told));
    posted += 1;
  }
  return posted;
}

function summary(
  cause: string,
  { to, words, since, told }: CauseRecord,
  { count, failures, firstAt, lastAt }: ToldTogether,
): Notice {
  const messages = count === 1 ? '1 more message' : `${count} more messages`;
  const keys = [...new Set(failures.map((failure) => failure.split(' ', 1)[0] ?? ''))];
  const unnamed = count - failures.length;
  const lines = [
    `After those that you were told of one by one, ${messages} failed for the same reason:`,
    '',
    `  ${words}`,
    '',
    `The first at ${dateTime(firstAt)},`,
    `the last at ${dateTime(lastAt)}.`,
    'They are kept in Failed/. Senders are told nothing.',
    '',
    ...keys.map((key) => `  ${key}`),
    ...(unnamed > 0 ? [`  and ${unnamed} more, see "mailferry failed list"`] : []),
    '',
    'To send them once more, when the reason is gone:',
    '',
    `  ${retryCommand(words, firstAt)}`,
  ];
  return {
    subjectKey: `failures:${cause}:${since}:${told}`,
    to,
    at: lastAt,
    subject: `${messages} not delivered: ${words}`,
    text: `${lines.join('\n')}\n`,
    report: null,
  };
}

/** As it can be typed: of this reason alone, and what was held goes by new rules or not at all. */
function retryCommand(words: string, firstAt: number): string {
  const reason = causeReason(words);
  const rules = reason === 'held' ? ' --rules current' : '';
  return `mailferry failed retry${rules} --reason ${reason} --since ${new Date(firstAt).toISOString()}`;
}
