import { asFailure } from '../../../shared/failure.ts';
import type { RunResult } from '../../../shared/ledger/mailbox-record.ts';
import { EXAMINATION_MS } from '../../../shared/limits.ts';
import type { ExaminedMaildrop } from '../../../shared/pop3/maildrop.ts';
import { tooSoonResult } from '../../fetch/too-soon.ts';
import { lookedAt, MailboxLook } from './mailbox-look.ts';
import type { LookDeps } from './mailbox-look.ts';

/** What `mailbox test` tells. */
export interface MailboxTest {
  readonly id: string;
  readonly status: 'ok' | 'busy' | 'failed';
  /** The mechanism that let us in; null: none did. */
  readonly mechanism: string | null;
  readonly messages: number | null;
  /** By LIST. */
  readonly bytes: number | null;
  readonly error: RunResult['error'];
  /** The mailbox was suspended, and is fetched again from now on. */
  readonly resumed: boolean;
}

/**
 * Logs in, lists and leaves. Asked for by a person, so it is done for a suspended mailbox too; where it succeeds, the
 * suspension is over.
 * @throws Failure `settings` for a mailbox that is not there or broken, `ledger`
 */
export async function testMailbox(deps: LookDeps, id: string): Promise<MailboxTest> {
  const mailbox = lookedAt(await deps.settings.read(), id);
  const look = await MailboxLook.begin(deps, mailbox);
  const nothing = { id, mechanism: null, messages: null, bytes: null, error: null, resumed: false };
  if (!(look instanceof MailboxLook)) {
    if (look.kind === 'busy') return { ...nothing, status: 'busy' };
    return { ...nothing, status: 'failed', error: tooSoonResult(id, look.until).error };
  }
  try {
    const maildrop = await look.open({ deadline: deps.clock.now() + EXAMINATION_MS });
    const found = await listAndLeave(maildrop);
    return { ...nothing, ...found, status: 'ok', resumed: look.suspended !== null };
  } catch (error) {
    const { kind, message } = asFailure(error);
    return { ...nothing, status: 'failed', error: { kind, message } };
  } finally {
    await look.end();
  }
}

async function listAndLeave(
  maildrop: ExaminedMaildrop,
): Promise<Pick<MailboxTest, 'mechanism' | 'messages' | 'bytes'>> {
  try {
    const { mails } = await maildrop.listing();
    await maildrop.quit();
    const bytes = mails.reduce((sum, { size }) => sum + size, 0);
    return { mechanism: maildrop.mechanism, messages: mails.length, bytes };
  } finally {
    maildrop.abandon();
  }
}
