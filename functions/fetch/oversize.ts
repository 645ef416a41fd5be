import { NOTICE_ENTRIES } from '../../shared/limits.ts';
import { inGroups } from './in-groups.ts';
import type { UidlRecord } from '../../shared/ledger/uidl-record.ts';
import type { MaildropSession } from './maildrop-run.ts';
import { readHeads } from './message-head.ts';
import { isAbout } from './standing.ts';
import type { MetMail } from './standing.ts';
import type { StayingMessage } from './staying-notice.ts';

/**
 * Leaves messages above the limit on the server: recorded with size and header digest, reported once. First that
 * they are there, then the notice, then that it is posted: a run that dies in between posts the same notice again.
 */
export async function leaveOversize(
  session: MaildropSession,
  mails: readonly MetMail[],
): Promise<void> {
  for (const some of inGroups(mails, NOTICE_ENTRIES)) await leaveSome(session, some);
}

async function leaveSome(session: MaildropSession, mails: readonly MetMail[]): Promise<void> {
  const { run, book } = session;
  const now = run.deps.clock.now();
  const left: { record: UidlRecord; message: StayingMessage }[] = [];
  for await (const { mail, head } of readHeads(session, mails)) {
    const { hash, size } = mail;
    if (hash === null) continue;
    const { firstSeenAt, at } = sightsOf(mail, book.get(hash), now);
    const record: UidlRecord = {
      uidlHash: hash,
      size,
      headerDigest: head?.digest ?? null,
      state: { kind: 'oversize', noticed: false },
      ...{ firstSeenAt, seenAt: at, goneAt: null, trouble: null },
    };
    left.push({ record, message: { hash, size, at, header: head?.header ?? null, reply: null } });
    run.deps.log.warn('message larger than limits.messageBytes stays on the server', {
      mailbox: run.mailbox.id,
      size: mail.size,
      limit: run.limits.messageBytes,
    });
  }
  await book.put(left.map(({ record }) => record));
  run.taking.progressed ||= left.length > 0;
  if (left.length === 0) return;
  // Loaded when there is something to tell, which is seldom.
  const { tellOfStaying } = await import('./staying-notice.ts');
  await tellOfStaying(
    run,
    'oversize',
    left.map(({ message }) => message),
  );
  await book.put(
    left.map(({ record }) => ({ ...record, state: { kind: 'oversize', noticed: true } })),
  );
}

/** A notice that was begun by a run that died keeps its time, so that it stays the same one. */
function sightsOf(mail: MetMail, known: UidlRecord | undefined, now: number) {
  const before = known !== undefined && isAbout(known, mail) ? known : null;
  return {
    firstSeenAt: before?.firstSeenAt ?? now,
    at: before?.state.kind === 'oversize' ? before.seenAt : now,
  };
}
