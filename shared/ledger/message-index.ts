import type { MessageKey } from '../mail/message-key.ts';
import type { MessageItem } from './message-item.ts';

/** When the messages looked for arrived, milliseconds since the epoch, both included. */
export interface ArrivedBetween {
  readonly from: number;
  readonly to: number;
}

/**
 * Port: finds the messages that the ledger knows by what people know of them. What it names are candidates: the
 * caller looks at the items, which may have changed or gone meanwhile. A message is found from its decision until it
 * is forgotten. Contract: `test/contract/message-index.ts`.
 */
export interface MessageIndex {
  /** @param messageId as `canonicalMessageId` (`shared/mail/message-id.ts`) gives it */
  byMessageId(messageId: string): Promise<readonly MessageKey[]>;
  /**
   * Sender or recipient.
   * @param address lower case
   * @param limit enough; the newest come first, and some more may come
   */
  byAddress(
    address: string,
    arrived: ArrivedBetween,
    limit: number,
  ): Promise<readonly MessageKey[]>;
  /**
   * @param start the first digits of the message's SHA-256
   * @param mailboxes to look in
   */
  byDigest(start: string, mailboxes: readonly string[]): Promise<readonly MessageKey[]>;
}

/** Each address by which a message is found, in lower case: its sender's, its recipients', and their aliases. */
export function indexedAddresses(item: MessageItem): readonly string[] {
  const { decision, recipients } = item;
  if (decision === null) return [];
  const all = [
    decision.mailFrom,
    ...recipients.map(({ address }) => address),
    ...decision.recipients.flatMap(({ address, alias }) =>
      alias === null ? [address] : [address, alias],
    ),
  ];
  return [...new Set(all.map((address) => address.toLowerCase()))].filter((one) => one !== '');
}
