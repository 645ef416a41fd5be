import { noteGone, noteKept } from '../../shared/ledger/message-transitions.ts';
import type { UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { RECORDS_AT_ONCE } from '../../shared/limits.ts';
import { inGroups } from './in-groups.ts';
import type { MaildropSession } from './maildrop-run.ts';
import { isAbout } from './standing.ts';
import type { MetMail } from './standing.ts';
import { hashUidl } from './uidl-hash.ts';

/** Records that stood for a listed message, and whose UIDL is not listed any more. Nobody here deleted them. */
export function vanished({ book, mails }: MaildropSession): UidlRecord[] {
  if (book.isEmpty) return [];
  const listed = new Set([...mails.values()].map(({ hash }) => hash));
  // Without UIDL, one of the same size may be it.
  const unknown = new Set(
    [...mails.values()].map(({ hash, size }) => (hash === null ? size : null)),
  );
  return [...book.all()].filter(
    ({ uidlHash, goneAt, size }) => goneAt === null && !listed.has(uidlHash) && !unknown.has(size),
  );
}

/** How long they are remembered counts from now. The item first: a run that dies in between does it again. */
export async function noteVanished(
  session: MaildropSession,
  records: readonly UidlRecord[],
): Promise<void> {
  const { run, book } = session;
  const now = run.deps.clock.now();
  const stillHere = new Set([...livingMessages(session)]);
  for (const group of inGroups(records, RECORDS_AT_ONCE)) {
    if (!run.budget.hasTime()) return;
    const gone = group.flatMap((record) => sha256Of(record) ?? []);
    await changeItems(
      session,
      gone.filter((sha256) => !stillHere.has(sha256)),
      noteGone(now),
    );
    await book.put(
      group.map((record) => ({ ...(book.get(record.uidlHash) ?? record), goneAt: now })),
    );
  }
}

/** A UIDL that comes back is remembered as before. */
export async function noteReturned(session: MaildropSession): Promise<void> {
  const { run, book } = session;
  if (run.mailbox.keep === 'none') return;
  const now = run.deps.clock.now();
  const returned = listedRecords(session).filter(
    ({ goneAt, state }) => goneAt !== null && (state.kind !== 'taken' || state.deleIn === null),
  );
  for (const group of inGroups(returned, RECORDS_AT_ONCE)) {
    const back = group.flatMap((record) => sha256Of(record) ?? []);
    await changeItems(session, back, noteKept(now));
    await book.put(group.map((record) => ({ ...record, goneAt: null })));
  }
}

/**
 * A UIDL that stands twice is known of neither message. What was known of it is spoilt for good: when one of the two
 * has gone, nobody could say which.
 */
export async function spoilShared({ mails, book }: MaildropSession): Promise<void> {
  const spoilt = new Map<string, UidlRecord>();
  for (const { uidl, alone } of mails.values()) {
    const record = alone || uidl === null ? undefined : book.get(hashUidl(uidl));
    if (record?.state.kind !== 'taken' || record.state.shared) continue;
    spoilt.set(record.uidlHash, { ...record, state: { ...record.state, shared: true } });
  }
  await book.put([...spoilt.values()]);
}

export function sha256Of({ state }: UidlRecord): string | null {
  return state.kind === 'taken' ? state.sha256 : null;
}

function listedRecords({ mails, book }: MaildropSession): UidlRecord[] {
  const isListed = (mail: MetMail): UidlRecord[] => {
    const record = mail.hash === null ? undefined : book.get(mail.hash);
    return record !== undefined && isAbout(record, mail) ? [record] : [];
  };
  return [...mails.values()].flatMap(isListed);
}

/** The same bytes may stand under another UIDL that is still listed. */
function* livingMessages(session: MaildropSession): Generator<string, void> {
  for (const record of listedRecords(session)) {
    const sha256 = sha256Of(record);
    if (sha256 !== null) yield sha256;
  }
}

async function changeItems(
  { run }: MaildropSession,
  sha256s: readonly string[],
  transition: ReturnType<typeof noteGone> | ReturnType<typeof noteKept>,
): Promise<void> {
  const { messages } = run.deps;
  const { mailbox } = run.account;
  await Promise.all(
    sha256s.map((sha256) => messages.change<unknown>({ mailbox, sha256 }, transition)),
  );
}
