import { NO_EDITS } from './planned-edits.ts';
import type { Decision } from './decision.ts';

/** A decision, and what claims each of its recipients against second copies. */
export interface Decided {
  readonly decision: Decision;
  /** `shared/mail/duplicate-key.ts`; `''` where nothing was read, and so nothing can be claimed. */
  readonly duplicateKey: string;
}

/**
 * The decision for a message that cannot be routed at all (its header block is too large, its mailbox is gone).
 * @param warning why, in words
 */
export function heldDecision(warning: string): Decided {
  const decision: Decision = {
    outcome: 'held',
    recipients: [],
    ignored: [],
    ignoredCount: 0,
    mailFrom: '',
    edits: NO_EDITS,
    warnings: [warning],
  };
  return { decision, duplicateKey: '' };
}
