import type { Trouble, UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { NOTICE_ENTRIES, RETRIEVAL_GAPS_MS, RETRIEVAL_TRIES } from '../../shared/limits.ts';
import type { BrokeOffAt } from './broke-off.ts';
import { inGroups } from './in-groups.ts';
import type { MaildropSession } from './maildrop-run.ts';
import { readHeads } from './message-head.ts';
import { isAbout } from './standing.ts';
import type { MetMail } from './standing.ts';
import type { StayingMessage } from './staying-notice.ts';
import { hashOfHead } from './uidl-hash.ts';

/** A message that the server would not give. */
export interface Refusal {
  readonly mail: MetMail;
  readonly reply: string;
}

/**
 * Counts failed retrievals, while the session goes on. After the third in a row the message is left on the server:
 * people are told once, and it is tried again at growing intervals.
 */
export async function noteFailures(
  session: MaildropSession,
  refusals: readonly Refusal[],
): Promise<void> {
  for (const some of inGroups(refusals, NOTICE_ENTRIES)) await noteSome(session, some);
}

async function noteSome(session: MaildropSession, refusals: readonly Refusal[]): Promise<void> {
  const replies = new Map(refusals.map(({ mail, reply }) => [mail.number, reply]));
  const headers = new Map<number, Buffer>();
  const mails: MetMail[] = [];
  for await (const { mail, head } of readHeads(
    session,
    refusals.map(({ mail }) => mail),
  )) {
    if (head !== null) headers.set(mail.number, head.header);
    mails.push({ ...mail, hash: mail.hash ?? hashOfHead(mail.size, head?.digest ?? null) });
  }
  await count(session, mails, replies, headers);
}

/**
 * The session broke off at a message. Nothing more can be asked of the server; the message counts as one that could
 * not be retrieved, and is tried last from now on, so that it does not bar those behind it for ever.
 */
export async function noteBreak(session: MaildropSession, broke: BrokeOffAt): Promise<void> {
  const met = session.mails.get(broke.mail.number);
  if (met === undefined) return;
  const mail = { ...met, hash: met.hash ?? hashOfHead(met.size, null) };
  const replies = new Map([[mail.number, `the session broke off: ${broke.failure.message}`]]);
  await count(session, [mail], replies, new Map());
}

async function count(
  session: MaildropSession,
  mails: readonly MetMail[],
  replies: ReadonlyMap<number, string>,
  headers: ReadonlyMap<number, Buffer>,
): Promise<void> {
  const { run, book } = session;
  const now = run.deps.clock.now();
  const staying: { record: UidlRecord; message: StayingMessage }[] = [];
  const records = mails.flatMap((mail) => {
    const record = withFailure(session, mail, now);
    if (record === null) return [];
    const { uidlHash: hash, size, trouble } = record;
    const reply = replies.get(mail.number) ?? '';
    report(session, mail, trouble.failures, reply);
    run.tried.add(hash);
    if (trouble.failures >= RETRIEVAL_TRIES && !trouble.noticed) {
      const header = headers.get(mail.number) ?? null;
      staying.push({ record, message: { hash, size, at: now, header, reply } });
    }
    return [record];
  });
  await book.put(records);
  if (staying.length === 0) return;
  // Loaded when there is something to tell, which is seldom.
  const { tellOfStaying } = await import('./staying-notice.ts');
  await tellOfStaying(
    run,
    'unretrievable',
    staying.map(({ message }) => message),
  );
  await book.put(staying.map(({ record }) => withNotice(record)));
}

function withFailure(
  { book }: MaildropSession,
  mail: MetMail,
  now: number,
): (UidlRecord & { readonly trouble: Trouble }) | null {
  const { hash, size } = mail;
  if (hash === null) return null;
  const known = book.get(hash);
  const before = known !== undefined && isAbout(known, mail) ? known : null;
  const failures = (before?.trouble?.failures ?? 0) + 1;
  const noticed = before?.trouble?.noticed ?? false;
  const trouble = { failures, at: now, nextTryAt: now + gapAfter(failures), noticed };
  if (before !== null) return { ...before, goneAt: null, trouble };
  return {
    ...{ uidlHash: hash, size, headerDigest: null, state: { kind: 'untaken' } },
    ...{ firstSeenAt: now, seenAt: now, goneAt: null, trouble },
  };
}

/** The first times it is tried again with the next run. */
function gapAfter(failures: number): number {
  const gap = Math.min(failures - RETRIEVAL_TRIES, RETRIEVAL_GAPS_MS.length - 1);
  return RETRIEVAL_GAPS_MS[gap] ?? 0;
}

function withNotice(record: UidlRecord): UidlRecord {
  const { trouble } = record;
  return trouble === null ? record : { ...record, trouble: { ...trouble, noticed: true } };
}

function report(
  { run }: MaildropSession,
  { number, size }: MetMail,
  failures: number,
  reply: string,
): void {
  const fields = { mailbox: run.mailbox.id, number, size, failures, reply };
  run.deps.log.warn('message not given by the server', fields);
}
