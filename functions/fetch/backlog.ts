import { Failure } from '../../shared/failure.ts';
import type { UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { RECORDS_AT_ONCE } from '../../shared/limits.ts';
import { messageDate } from '../../shared/mail/message-date.ts';
import { inGroups } from './in-groups.ts';
import { keepMemory } from './maildrop-run.ts';
import type { MaildropSession } from './maildrop-run.ts';
import { readHeads } from './message-head.ts';
import { inWords } from './setting-words.ts';
import type { MetMail } from './standing.ts';

/**
 * At the first run of an account: notes which messages lay there, where `initial` asks for another treatment of them.
 * That this has begun is in the mailbox record before the first of them is, so that mail which comes while a run dies
 * and the next begins is told from the backlog by its date.
 */
export async function noteBacklog(session: MaildropSession): Promise<void> {
  const { run, book, mails } = session;
  if (run.memory.backlogRecorded) return;
  if (run.mailbox.initial !== 'all') {
    await keepMemory(run, {});
    const now = run.deps.clock.now();
    const backlog = [...mails.values()].flatMap(({ hash, size, alone }): UidlRecord[] => {
      // A UIDL that stands for two cannot say which: both are fetched.
      if (hash === null || !alone || book.get(hash) !== undefined) return [];
      return [
        {
          ...{ uidlHash: hash, size, headerDigest: null, goneAt: null, trouble: null },
          ...{ state: { kind: 'backlog', read: false, date: null }, firstSeenAt: now, seenAt: now },
        },
      ];
    });
    for (const group of inGroups(backlog, RECORDS_AT_ONCE)) await book.put(group);
  }
  run.memory = { ...run.memory, backlogRecorded: true };
}

/**
 * Reads the header blocks of messages of the backlog, and records date and digest: by the one it is decided whether
 * they are fetched, by the other they are known again after a renumbering.
 * @throws Failure `protocol`, permanent, where the server has no TOP
 */
export async function readBacklog(
  session: MaildropSession,
  mails: readonly MetMail[],
): Promise<void> {
  const { run, book } = session;
  let refused = 0;
  const read: UidlRecord[] = [];
  for await (const { mail, head } of readHeads(session, mails)) {
    const record = mail.hash === null ? undefined : book.get(mail.hash);
    if (record?.state.kind !== 'backlog') continue;
    if (head === null) refused += 1;
    const date = head === null ? null : messageDate(head.header);
    read.push({
      ...record,
      headerDigest: head?.digest ?? null,
      state: { kind: 'backlog', read: true, date },
      trouble: null,
    });
  }
  if (refused > 0 && refused === read.length) requireTop(session);
  await book.put(read);
  run.taking.progressed ||= read.length > 0;
}

/** None of them could be read. Where some were before, it is these messages' fault and not the server's. */
function requireTop({ run, book }: MaildropSession): void {
  const hasTop = [...book.all()].some(
    ({ state, headerDigest }) => state.kind === 'backlog' && headerDigest !== null,
  );
  if (hasTop) return;
  const { id, host, initial } = run.mailbox;
  throw new Failure(
    'protocol',
    'permanent',
    `mailbox ${id}: initial "${inWords(initial)}" expects a server with TOP, ${host} refuses it; use initial: all`,
  );
}
