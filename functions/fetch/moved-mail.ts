import type { UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { mailsThat } from './maildrop-run.ts';
import type { MaildropSession } from './maildrop-run.ts';
import { readHeads } from './message-head.ts';

/**
 * Messages that were left on the server and stand under new UIDLs now: they were never retrieved, so size and header
 * digest are what they are recognised by. They stay left; fetching them would carry what `initial` had left.
 */
export async function recogniseMoved(
  session: MaildropSession,
  gone: readonly UidlRecord[],
): Promise<void> {
  const byHead = new Map(
    gone
      .filter(({ state, headerDigest }) => isLeft(state.kind) && headerDigest !== null)
      .map((record) => [headOf(record.size, record.headerDigest), record]),
  );
  if (byHead.size === 0) return;
  const sizes = new Set([...byHead.values()].map(({ size }) => size));
  const { book } = session;
  const candidates = mailsThat(session, 'new', 'tooLarge').filter(
    ({ hash, size }) => hash !== null && book.get(hash) === undefined && sizes.has(size),
  );
  const moved: UidlRecord[] = [];
  for await (const { mail, head } of readHeads(session, candidates)) {
    const record = byHead.get(headOf(mail.size, head?.digest ?? null));
    if (record === undefined || mail.hash === null) continue;
    moved.push({ ...record, uidlHash: mail.hash, goneAt: null, trouble: null });
  }
  await book.put(moved);
}

function isLeft(kind: UidlRecord['state']['kind']): boolean {
  return kind === 'backlog' || kind === 'oversize';
}

function headOf(size: number, digest: string | null): string {
  return `${size} ${digest ?? ''}`;
}
