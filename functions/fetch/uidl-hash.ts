import { createHash } from 'node:crypto';

/** A UIDL is kept by its hash: servers send them at any length and with any octets (the string is latin1). */
export function hashUidl(uidl: string): string {
  return createHash('sha256').update(uidl, 'latin1').digest('hex');
}
