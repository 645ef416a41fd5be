import type { DecidedRecipient, IgnoredCandidate } from './decision.ts';
import { MAX_IGNORED } from './decision.ts';
import { judge, LOOP_REASON } from './acceptance.ts';
import type { Acceptance, IgnoredReason } from './acceptance.ts';
import type { Candidate } from './candidates.ts';

/** Judges the candidates of one message, each once, however often and wherever it is named. */
export class Tally {
  /** Passed over, and why; of those in accepted domains how many for each reason. */
  readonly reasons = new Map<IgnoredReason, number>();
  ignoredCount = 0;
  readonly #ignored: IgnoredCandidate[] = [];
  readonly #seen = new Set<string>();
  readonly #acceptance: Acceptance;

  constructor(acceptance: Acceptance) {
    this.#acceptance = acceptance;
  }

  /** Some were the mailbox itself, and all that is left of them is nobody. */
  get isLoop(): boolean {
    return this.reasons.has(LOOP_REASON);
  }

  /** The first {@link MAX_IGNORED}. */
  get ignored(): readonly IgnoredCandidate[] {
    return this.#ignored;
  }

  /** @returns those who get the message; each address once, without case; the first mention wins */
  judge(candidates: readonly Candidate[]): DecidedRecipient[] {
    const recipients: DecidedRecipient[] = [];
    for (const { candidate, written } of this.#unseen(candidates)) {
      const { entry, source } = candidate;
      const verdict = judge(entry, this.#acceptance);
      if (verdict.kind === 'ignored') {
        this.reasons.set(verdict.reason, (this.reasons.get(verdict.reason) ?? 0) + 1);
        this.#ignore({ address: written, source, reason: verdict.reason });
        continue;
      }
      const alias = verdict.viaAlias ? written : null;
      for (const address of verdict.targets)
        recipients.push({ address, source, rule: null, alias });
    }
    return united(recipients);
  }

  /** Notes the candidates of a source that was not asked any more: who could have been a recipient, and is none. */
  passOver(candidates: readonly Candidate[], decidedBy: string): void {
    for (const { candidate, written } of this.#unseen(candidates)) {
      const { entry, source } = candidate;
      const verdict = judge(entry, this.#acceptance);
      const reason =
        verdict.kind === 'ignored' ? verdict.reason : `not asked: ${decidedBy} decides`;
      this.#ignore({ address: written, source, reason });
    }
  }

  #ignore(candidate: IgnoredCandidate): void {
    this.ignoredCount += 1;
    if (this.#ignored.length < MAX_IGNORED) this.#ignored.push(candidate);
  }

  *#unseen(
    candidates: readonly Candidate[],
  ): Generator<{ readonly candidate: Candidate; readonly written: string }, void> {
    for (const candidate of candidates) {
      const { entry } = candidate;
      const key = entry.kind === 'address' ? entry.address.key : ` ${entry.text}`;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      yield { candidate, written: entry.kind === 'address' ? entry.address.text : entry.text };
    }
  }
}

/** Configured targets, each once. */
export function fixedRecipients(
  addresses: readonly string[],
  source: 'mailbox' | 'undeliverable',
): DecidedRecipient[] {
  return united(addresses.map((address) => ({ address, source, rule: null, alias: null })));
}

/** Each address once, without case: the first wins. */
export function united(recipients: Iterable<DecidedRecipient>): DecidedRecipient[] {
  const found = new Map<string, DecidedRecipient>();
  for (const recipient of recipients) {
    const key = recipient.address.toLowerCase();
    if (!found.has(key)) found.set(key, recipient);
  }
  return [...found.values()];
}
