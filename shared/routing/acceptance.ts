import { keyWithoutTag } from '../mail/address.ts';
import type { Address } from '../mail/address.ts';
import type { FieldAddress } from '../mail/address-field.ts';
import { isAcceptedDomain } from './accepted-domains.ts';

/** Delivered there, it would be fetched from there again. */
export const LOOP_REASON = 'is this mailbox itself, on the server that mail is delivered to';

/** Why a candidate is passed over, in the words of `explain`. */
export type IgnoredReason =
  | 'not a valid address'
  | 'ignored by configuration'
  | 'domain not accepted'
  | 'no such recipient'
  | typeof LOOP_REASON;

/** What becomes of one candidate. */
export type Verdict =
  | { readonly kind: 'ignored'; readonly reason: IgnoredReason }
  | { readonly kind: 'accepted'; readonly targets: readonly string[]; readonly viaAlias: boolean };

export interface Acceptance {
  readonly domains: readonly string[];
  readonly ignore: ReadonlySet<string>;
  /** Lower case: mail sent there would come round; null: there is no such address. */
  readonly loopAddress: string | null;
  /** Followed to their ends. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly recipients: ReadonlySet<string> | null;
}

/**
 * A stranger's header names only addresses in the accepted domains; only from there does an alias, which the
 * administrator wrote, lead anywhere else.
 */
export function judge(entry: FieldAddress, acceptance: Acceptance): Verdict {
  if (entry.kind === 'malformed') return ignored('not a valid address');
  const { address } = entry;
  if (acceptance.ignore.has(address.key)) return ignored('ignored by configuration');
  if (!isAcceptedDomain(address.domain, acceptance.domains)) return ignored('domain not accepted');
  const verdict = resolve(address, acceptance);
  return verdict.kind === 'accepted' ? withoutLoop(verdict, acceptance.loopAddress) : verdict;
}

/** The exact address first, alias before recipient, and only then without its tag (RFC 5233). */
function resolve(address: Address, { aliases, recipients }: Acceptance): Verdict {
  const untagged = keyWithoutTag(address);
  for (const key of untagged === null ? [address.key] : [address.key, untagged]) {
    const targets = aliases.get(key);
    if (targets !== undefined) return { kind: 'accepted', targets, viaAlias: true };
    if (recipients?.has(key) === true) return asWritten(address);
  }
  return recipients === null ? asWritten(address) : ignored('no such recipient');
}

function withoutLoop(
  verdict: Extract<Verdict, { kind: 'accepted' }>,
  loopAddress: string | null,
): Verdict {
  if (loopAddress === null) return verdict;
  const targets = verdict.targets.filter((one) => one.toLowerCase() !== loopAddress);
  if (targets.length > 0) return { ...verdict, targets };
  return ignored(LOOP_REASON);
}

function asWritten(address: Address): Verdict {
  return { kind: 'accepted', targets: [address.text], viaAlias: false };
}

function ignored(reason: IgnoredReason): Verdict {
  return { kind: 'ignored', reason };
}
