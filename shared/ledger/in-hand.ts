import type { MessageKey } from '../mail/message-key.ts';

/**
 * Port: whose octets this process is working on right now, in a place that outlives its crash. A process that dies
 * while it waits for a server was not killed by the message; one that dies over its octets may have been.
 * Synchronous, since it has to stand before the next instruction.
 */
export interface InHand {
  begun(key: MessageKey): void;
  ended(key: MessageKey): void;
}

/** Where a crash is nobody's doing but the message's (a function that is ended from outside has its time-outs first). */
export const nothingInHand: InHand = { begun: () => undefined, ended: () => undefined };
