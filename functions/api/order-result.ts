import type { Refusal } from '../../shared/ledger/failed-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';

/** What became of one message of an order. */
export interface OrderResult {
  readonly key: string;
  /** `done`: carried out, or with `--dry-run` to be carried out; `nothing`: it was so already; `refused`. */
  readonly outcome: 'done' | 'nothing' | 'refused';
  /** Addresses that the order brings the message to. */
  readonly recipients: readonly string[];
  /** In words; null when it was carried out. */
  readonly why: string | null;
}

/** What an order that does not fit the message's state is answered with. */
const REFUSALS: Readonly<Record<Refusal, Pick<OrderResult, 'outcome' | 'why'>>> = {
  unknown: {
    outcome: 'refused',
    why: 'neither the ledger nor a report beside it tells who was to get it; --rules current routes it anew',
  },
  busy: { outcome: 'refused', why: 'an attempt is under way; ask again in a few minutes' },
  waiting: { outcome: 'nothing', why: 'nobody is failed; some recipients still wait' },
  ended: { outcome: 'nothing', why: 'nobody is failed: everybody has it' },
  held: {
    outcome: 'refused',
    why: 'it was held without an attempt; --rules current routes it by the settings as they are now',
  },
  removed: { outcome: 'refused', why: 'somebody removed it' },
};

export function doneResult(key: MessageKey, recipients: readonly string[]): OrderResult {
  return { key: formatKey(key), outcome: 'done', recipients, why: null };
}

export function refusedResult(key: MessageKey, refused: Refusal): OrderResult {
  return { key: formatKey(key), ...REFUSALS[refused], recipients: [] };
}

export function refusedBecause(key: MessageKey, why: string): OrderResult {
  return { key: formatKey(key), outcome: 'refused', recipients: [], why };
}
