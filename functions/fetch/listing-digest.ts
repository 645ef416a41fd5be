import { createHash } from 'node:crypto';

import type { Listing } from '../../shared/pop3/maildrop.ts';

/**
 * Tells whether a listing is the one that was seen before. Its order does not count, nor do message numbers: they say
 * nothing of what lies there, and some servers list in any order.
 * @param policy the settings that say what to do with it: with others it has to be looked at anew
 */
export function listingDigest(listing: Listing, policy: string): string {
  const lines = listing.mails.map(({ uidl, size }) =>
    uidl === null ? String(size) : `${size} ${uidl}`,
  );
  // A UIDL has any octets but line ends (a character an octet); a size has none but digits.
  const text = [policy, String(listing.unreadable), ...lines.sort()].join('\n');
  return createHash('sha256').update(text, 'latin1').digest('base64url');
}
