import { createHash } from 'node:crypto';

import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { explainReply } from './failure-report.ts';
import type { NewlyFailed } from './newly-failed.ts';

/** What several failures have in common. */
export interface FailureCause {
  /** Names the cause in the ledger: 64 hexadecimal digits. */
  readonly id: string;
  /** In words, without what is peculiar to one message. */
  readonly words: string;
}

/** How the words of a cause begin, by the reason that `failed list` and `failed retry` choose by. */
const BEGINNINGS = {
  held: 'held without an attempt',
  expired: 'given up',
  refused: 'refused',
  internal: 'delivery never came to an outcome',
} as const;

/** The reason that a cause's words tell of. */
export function causeReason(words: string): keyof typeof BEGINNINGS {
  const reasons = Object.keys(BEGINNINGS) as (keyof typeof BEGINNINGS)[];
  return reasons.find((reason) => words.startsWith(BEGINNINGS[reason])) ?? 'internal';
}

/**
 * Failures have one cause when the same people are told, for the same reason, of the same server's same code. Not its
 * words: they name the recipient or a queue id. By the first recipient: one message is told in one notice.
 */
export function failureCause(item: MessageItem, failed: NewlyFailed, to: string): FailureCause {
  const [first] = failed.recipients;
  if (first === undefined) {
    // `loop: 103 Received fields`: what stands before the colon is the kind.
    const kind = item.decision?.warnings[0]?.split(':', 1)[0] ?? '';
    return { id: digestOf([to, 'held', kind]), words: `${BEGINNINGS.held} (${kind})` };
  }
  const { reason, lastReply } = first;
  const { host = '', code = null, enhancedCode = null } = lastReply ?? {};
  return {
    id: digestOf([to, reason, host, code, enhancedCode]),
    words:
      reason === 'internal'
        ? BEGINNINGS.internal
        : `${BEGINNINGS[reason ?? 'refused']}: ${explainReply(lastReply)}`,
  };
}

function digestOf(parts: readonly (string | number | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
