import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import { arrivalOf, keyOf, spooledMessage } from './spooled-message.ts';

/** Puts a message into `Incoming/` as fetch does. */
export async function storeArrival(
  store: MailStore,
  mailbox: string,
  octets: Buffer,
): Promise<MessageKey> {
  const key = keyOf(mailbox, octets);
  await store.create(key, await spooledMessage(octets), await arrivalOf(octets));
  return key;
}
