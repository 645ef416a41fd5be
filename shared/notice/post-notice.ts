import { NOTICES } from '../mail/message-key.ts';
import type { MessageKey } from '../mail/message-key.ts';
import type { Log } from '../observe/log.ts';
import type { MailStore } from '../store/mail-store.ts';
import type { Spool } from '../store/spool.ts';
import type { Notice } from './notice.ts';

export interface NoticeDeps {
  readonly store: MailStore;
  readonly newSpool: () => Spool;
  /** Our name, in the sender's address. */
  readonly hostName: string;
  readonly log: Log;
}

/**
 * Writes a notice to `Incoming/_notices/`, create-only; from there it is routed and delivered like any mail. The same
 * notice twice is one message: while it is on its way it has the same name, and afterwards the ledger knows its end.
 * @returns its key, when it is durable
 * @throws Failure `store`, temporary
 */
export async function postNotice(deps: NoticeDeps, notice: Notice): Promise<MessageKey> {
  // Loaded when there is something to tell: it would be a hundredth of each function's start.
  const { compose } = await import('./compose.ts');
  const spool = deps.newSpool();
  await spool.write(compose(notice, deps.hostName));
  const message = await spool.end();
  try {
    const key = { mailbox: NOTICES, sha256: message.sha256 };
    const { size, bodyDigest, eightBit } = message;
    const written = await deps.store.create(key, message, {
      uidlHash: null,
      size,
      bodyDigest,
      eightBit,
      arrivedAt: notice.at,
      recipient: notice.to,
    });
    if (written === 'created') deps.log.info('notice posted', { about: notice.subjectKey });
    return key;
  } finally {
    await message.discard();
  }
}
