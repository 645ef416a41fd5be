import type { DecidedRecipient, IgnoredCandidate } from './decision.ts';
import { MAX_IGNORED } from './decision.ts';
import { judge } from './acceptance.ts';
import type { Acceptance, IgnoredReason } from './acceptance.ts';
import type { Candidate } from './candidates.ts';

/** What the candidates of one message came to. */
export interface Tally {
  /** Each address once, without case; the first mention wins. */
  readonly recipients: readonly DecidedRecipient[];
  /** The first {@link MAX_IGNORED}. */
  readonly ignored: readonly IgnoredCandidate[];
  readonly ignoredCount: number;
  readonly reasons: ReadonlyMap<IgnoredReason, number>;
}

/** Judges each candidate once, however often it is named. */
export function tally(candidates: readonly Candidate[], acceptance: Acceptance): Tally {
  const recipients = new Map<string, DecidedRecipient>();
  const ignored: IgnoredCandidate[] = [];
  const reasons = new Map<IgnoredReason, number>();
  const seen = new Set<string>();
  let ignoredCount = 0;
  for (const { entry, source } of candidates) {
    const key = entry.kind === 'address' ? entry.address.key : ` ${entry.text}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const verdict = judge(entry, acceptance);
    const written = entry.kind === 'address' ? entry.address.text : entry.text;
    if (verdict.kind === 'ignored') {
      ignoredCount += 1;
      reasons.set(verdict.reason, (reasons.get(verdict.reason) ?? 0) + 1);
      if (ignored.length < MAX_IGNORED) {
        ignored.push({ address: written, source, reason: verdict.reason });
      }
    } else {
      for (const address of verdict.targets) {
        const recipient = { address, source, rule: null, alias: verdict.viaAlias ? written : null };
        addOnce(recipients, recipient);
      }
    }
  }
  return { recipients: [...recipients.values()], ignored, ignoredCount, reasons };
}

/** Configured targets are united in the same way: the first wins. */
export function fixedRecipients(
  addresses: readonly string[],
  source: 'mailbox' | 'undeliverable',
): DecidedRecipient[] {
  const recipients = new Map<string, DecidedRecipient>();
  for (const address of addresses)
    addOnce(recipients, { address, source, rule: null, alias: null });
  return [...recipients.values()];
}

function addOnce(recipients: Map<string, DecidedRecipient>, recipient: DecidedRecipient): void {
  const key = recipient.address.toLowerCase();
  if (!recipients.has(key)) recipients.set(key, recipient);
}
