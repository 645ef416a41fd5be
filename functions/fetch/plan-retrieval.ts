import type { UidlRecord } from '../../shared/ledger/uidl-record.ts';
import type { ListedMail, Listing } from '../../shared/pop3/maildrop.ts';
import { hashUidl } from './uidl-hash.ts';

/** A listing beside what is known of it. */
export interface KnownListing extends Listing {
  /** By UIDL hash. */
  readonly known: ReadonlyMap<string, UidlRecord>;
}

export interface RetrievalPlan {
  /** New, in the server's order. */
  readonly retrieve: readonly ListedMail[];
  /** New, but larger than the limit: stays on the server. */
  readonly tooLarge: readonly ListedMail[];
  /** Messages that the listing does not say enough of to touch them. */
  readonly unreadable: number;
}

/**
 * Which messages this run retrieves. With `keep: none` all that is listed: whatever is still there was never
 * deleted for sure, and DELE is sent only in the session that retrieved the message. With `keep: forever` those
 * whose UIDL is not known; one whose UIDL line was broken is left alone, since it would be new at every run.
 */
export function planRetrieval(
  listing: KnownListing,
  keep: 'none' | 'forever',
  messageBytes: number | null,
): RetrievalPlan {
  const fresh = keep === 'none' ? listing.mails : newOnes(listing);
  const nameless = listing.hasUidl ? listing.mails.filter(({ uidl }) => uidl === null).length : 0;
  const maximum = messageBytes ?? Infinity;
  return {
    retrieve: fresh.filter((mail) => mail.size <= maximum),
    tooLarge: fresh.filter((mail) => mail.size > maximum),
    // Those with a broken UIDL line are counted there by the listing; with `keep: none` they are retrieved.
    unreadable: listing.unreadable - (keep === 'none' ? nameless : 0),
  };
}

/**
 * A UIDL is a shortcut, never a proof (servers re-use them, number anew, give one to two messages): it counts as
 * known only if it stands once in the listing, with the same size, and no DELE was ever sent for it.
 */
function newOnes({ mails, known }: KnownListing): readonly ListedMail[] {
  const often = new Map<string, number>();
  for (const { uidl } of mails) {
    if (uidl !== null) often.set(uidl, (often.get(uidl) ?? 0) + 1);
  }
  return mails.filter(({ uidl, size }) => {
    if (uidl === null) return false;
    const record = known.get(hashUidl(uidl));
    if (record?.state.kind !== 'taken') return true;
    const isKnown = often.get(uidl) === 1 && record.size === size && record.state.deleIn === null;
    return !isKnown;
  });
}
