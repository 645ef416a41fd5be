import { createHash } from 'node:crypto';

import type { Listing } from '../../shared/pop3/maildrop.ts';
import { inGroups } from './in-groups.ts';

/** Lines that are hashed at once: 50,000 in one text would be megabytes twice. */
const LINES_AT_ONCE = 1000;

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
  const digest = createHash('sha256').update(`${policy}\n${listing.unreadable}`, 'latin1');
  for (const some of inGroups(lines.sort(), LINES_AT_ONCE)) {
    digest.update(`\n${some.join('\n')}`, 'latin1');
  }
  return digest.digest('base64url');
}
