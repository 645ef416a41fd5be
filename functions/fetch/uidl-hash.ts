import { createHash } from 'node:crypto';

import type { MaildropAccount } from '../../shared/ledger/uidl-record.ts';

/** A UIDL is kept by its hash: servers send them at any length and with any octets (the string is latin1). */
export function hashUidl(uidl: string): string {
  return createHash('sha256').update(uidl, 'latin1').digest('hex');
}

/**
 * Where there is no UIDL a message is found by its size and header block, and where that cannot be read, by its size.
 * The line end keeps these apart from UIDLs, which have none.
 */
export function hashOfHead(size: number, headerDigest: string | null): string {
  return createHash('sha256')
    .update(`\n${size}\n${headerDigest ?? ''}`)
    .digest('hex');
}

/** A UIDL that stands for several messages at once: what is known of one must not be taken for another's. */
export function hashOfShared(uidl: string, size: number): string {
  return hashUidl(`${uidl}\n${size}`);
}

/** Tells one account of a mailbox id from another; hosts are compared without case (RFC 4343). */
export function accountDigest({ host, username }: MaildropAccount): string {
  return createHash('sha256')
    .update(JSON.stringify([host.toLowerCase(), username]))
    .digest('base64url');
}
