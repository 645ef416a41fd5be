import type { MessageItem, RecipientState } from '../../shared/ledger/message-item.ts';

/** Failures that nobody was told of yet. */
export interface NewlyFailed {
  /** Empty for a held message. */
  readonly recipients: readonly RecipientState[];
  /** The latest of them, milliseconds since the epoch, from the ledger. */
  readonly at: number;
}

/**
 * What is to be told of a message. From the ledger alone, so that a step that is run again tells the same.
 * @returns null when there is nothing new
 */
export function newlyFailed(item: MessageItem): NewlyFailed | null {
  const told = item.failure?.noticedAt ?? null;
  if (item.recipients.length === 0) {
    return told === null ? { recipients: [], at: item.endedAt ?? item.decidedAt ?? 0 } : null;
  }
  const failed = item.recipients.filter((one) => one.state === 'failed');
  const recipients = failed.filter((one) => told === null || failedAt(one, item) > told);
  if (recipients.length === 0) return null;
  return { recipients, at: Math.max(...recipients.map((one) => failedAt(one, item))) };
}

/** Refused: when the reply was written. Given up: then the message ended, since everybody who waited was. */
function failedAt({ reason, lastReply }: RecipientState, item: MessageItem): number {
  const replied = lastReply?.at ?? 0;
  return reason === 'refused' ? replied : (item.endedAt ?? replied);
}
