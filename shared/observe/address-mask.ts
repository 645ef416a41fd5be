import { createHmac } from 'node:crypto';

/** An address wherever it stands in a text: a field, a user name, a server's words. Bounded, hence linear. */
const ADDRESS = /[^\s<>()[\],;:"]{1,64}@([^\s<>()[\],;:"]{1,255})/g;
const DIGITS = 12;

/**
 * Hides who an address belongs to and keeps its domain, which is what an administrator of mail looks for:
 * `chris@corp.example` becomes `5d1f0c9a7e42@corp.example`, the same for the same person in every line.
 * @param key without it nobody can try out names against the digest; null: nothing but the domain is left
 */
export function maskAddresses(text: string, key: Buffer | null): string {
  if (!text.includes('@')) return text;
  return text.replaceAll(ADDRESS, (address, domain: string) => {
    if (key === null) return `hidden@${domain}`;
    const digest = createHmac('sha256', key).update(address.toLowerCase()).digest('hex');
    return `${digest.slice(0, DIGITS)}@${domain}`;
  });
}
