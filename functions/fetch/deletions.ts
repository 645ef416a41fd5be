import { isFinal, noteGone, noteKept } from '../../shared/ledger/message-transitions.ts';
import type { UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { RECORDS_AT_ONCE } from '../../shared/limits.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { MessageNumber } from '../../shared/pop3/maildrop.ts';
import { inGroups } from './in-groups.ts';
import { sha256Of } from './listed-records.ts';
import { keepMemory, mailsThat } from './maildrop-run.ts';
import type { MaildropRun, MaildropSession } from './maildrop-run.ts';
import { deletableFrom } from './may-delete.ts';
import { readHeads } from './message-head.ts';
import { retrieveMails } from './retrieval.ts';
import type { MetMail } from './standing.ts';

/** A message taken by an earlier session, whose deletion is due. */
interface Due {
  readonly mail: MetMail;
  readonly record: UidlRecord;
}

/**
 * Marks for deletion what earlier sessions took and `keep` does not keep any longer. Its UIDL proves nothing: the
 * header block has to be the recorded one, else the message is retrieved, and its bytes say what it is.
 * @returns whether all that is due was marked
 */
export async function markDue(session: MaildropSession): Promise<boolean> {
  const due = await dueIn(session);
  const others: MetMail[] = [];
  let marked = 0;
  for (const group of inGroups(due, RECORDS_AT_ONCE)) {
    if (session.room <= 0) break;
    const some = group.slice(0, session.room);
    const { same, other } = await compareHeads(session, some);
    await markForDeletion(session, same);
    others.push(...other);
    marked += same.length + other.length;
  }
  // What is recognised by its bytes is marked by its custody.
  const asked = await retrieveMails(session, others);
  return asked && marked === due.length;
}

/** Those that failed before come last, so that they bar nobody. */
async function dueIn(session: MaildropSession): Promise<Due[]> {
  const { run, book, policy, inCustody } = session;
  const { keep } = policy;
  const kept = mailsThat(session, 'kept').flatMap((mail): Due[] => {
    const record = mail.hash === null ? undefined : book.get(mail.hash);
    if (record === undefined || inCustody.has(mail.number)) return [];
    if ((record.trouble?.nextTryAt ?? 0) > policy.now) return [];
    return deletableFrom(keep, record.firstSeenAt) <= policy.now ? [{ mail, record }] : [];
  });
  const due = keep === 'none' ? kept : await finalOf(run, kept);
  return due.toSorted((a, b) => failuresOf(a) - failuresOf(b));
}

function failuresOf({ record }: Due): number {
  return record.trouble?.failures ?? 0;
}

async function finalOf(run: MaildropRun, kept: readonly Due[]): Promise<Due[]> {
  const final = await finalAmong(
    run,
    kept.flatMap(({ record }) => sha256Of(record) ?? []),
  );
  return kept.filter(({ record }) => final.has(sha256Of(record) ?? ''));
}

/** Which of these messages have reached their end. */
export async function finalAmong(
  { deps, account }: MaildropRun,
  sha256s: readonly string[],
): Promise<ReadonlySet<string>> {
  const final = new Set<string>();
  const { mailbox } = account;
  for (const group of inGroups(sha256s, RECORDS_AT_ONCE)) {
    const items = await deps.messages.find(group.map((sha256) => ({ mailbox, sha256 })));
    for (const [key, item] of items) if (isFinal(item)) final.add(key.slice(mailbox.length + 1));
  }
  return final;
}

async function compareHeads(
  session: MaildropSession,
  due: readonly Due[],
): Promise<{ readonly same: Due[]; readonly other: MetMail[] }> {
  const records = new Map(due.map(({ mail, record }) => [mail.number, record]));
  const same: Due[] = [];
  const other: MetMail[] = [];
  const mails = due.map(({ mail }) => mail);
  for await (const { mail, head } of readHeads(session, mails)) {
    const record = records.get(mail.number);
    if (record !== undefined && head?.digest === record.headerDigest) same.push({ mail, record });
    else other.push(mail);
  }
  return { same, other };
}

/** Before DELE is sent it is recorded that it is: should the UIDL be listed again, it is no longer known. */
async function markForDeletion(session: MaildropSession, due: readonly Due[]): Promise<void> {
  const { run, book, id, toDelete } = session;
  const now = run.deps.clock.now();
  const { mailbox } = run.account;
  await Promise.all(
    due.map(({ record }) =>
      run.deps.messages.change({ mailbox, sha256: sha256Of(record) ?? '' }, noteGone(now)),
    ),
  );
  const unmarked = due.flatMap(({ record }) => {
    const { state } = record;
    if (state.kind !== 'taken' || state.deleIn !== null) return [];
    return [{ ...record, state: { ...state, deleIn: id }, goneAt: now, trouble: null }];
  });
  await book.put(unmarked);
  for (const { mail } of due) toDelete.add(mail.number);
  session.room -= due.length;
}

/**
 * Sends DELE for all that is marked. That this session does so is in the mailbox record before: what a session that
 * dies earlier meant to delete, it has not touched.
 * @returns the numbers that the server has marked too
 */
export async function sendDeletions(session: MaildropSession): Promise<ReadonlySet<MessageNumber>> {
  const { run, maildrop, toDelete, id } = session;
  if (toDelete.size === 0) return new Set();
  await keepMemory(run, { deleBegunIn: id, listing: null });
  const deleted = new Set<MessageNumber>();
  const sending = [...toDelete].map(async (number) => {
    try {
      await maildrop.delete(number);
      deleted.add(number);
    } catch (error) {
      if (!(error instanceof MailRefused)) throw error;
    }
  });
  await Promise.all(sending);
  await noteUndeleted(
    session,
    [...toDelete].filter((number) => !deleted.has(number)),
  );
  return deleted;
}

/**
 * What the server would not delete stays listed, so it must not be forgotten as if it had gone: the next run retrieves
 * it and knows it by its bytes, also when that is a month later.
 */
async function noteUndeleted(
  { run, book, mails, inCustody }: MaildropSession,
  numbers: readonly MessageNumber[],
): Promise<void> {
  const now = run.deps.clock.now();
  const { mailbox } = run.account;
  if (numbers.length === 0) return;
  const hashOf = (number: MessageNumber): string | null => mails.get(number)?.hash ?? null;
  const records = await book.read(numbers.flatMap((number) => hashOf(number) ?? []));
  const staying = numbers.map((number) => {
    const record = records.get(hashOf(number) ?? '');
    return { record, sha256: inCustody.get(number)?.sha256 ?? (record && sha256Of(record)) ?? '' };
  });
  await Promise.all(
    staying.map(({ sha256 }) => run.deps.messages.change({ mailbox, sha256 }, noteKept(now))),
  );
  await book.put(staying.flatMap(({ record }) => (record ? [{ ...record, goneAt: null }] : [])));
}
