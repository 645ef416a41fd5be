import { createHmac } from 'node:crypto';

import { md4 } from './md4.ts';

/** Who logs in, as NTLM has it: a user of a domain, or a user principal name, which carries its domain itself. */
export interface NtlmAccount {
  readonly user: string;
  readonly domain: string;
}

/** `CORP\chris` names its domain; `chris@corp.example` is the user's whole name; `chris` leaves it to the server. */
export function ntlmAccount(username: string): NtlmAccount {
  const cut = username.indexOf('\\');
  return cut === -1
    ? { user: username, domain: '' }
    : { user: username.slice(cut + 1), domain: username.slice(0, cut) };
}

/** NTOWFv2 (MS-NLMP 3.3.2): the key that all proofs of one account are made with. */
export function accountKey({ user, domain }: NtlmAccount, password: string): Buffer {
  const hash = md4(Buffer.from(password, 'utf16le'));
  return hmacMd5(hash, Buffer.from(upperCased(user) + domain, 'utf16le'));
}

export function hmacMd5(key: Buffer, ...parts: readonly Buffer[]): Buffer {
  const hmac = createHmac('md5', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** Windows maps one code unit to one: ß stays as it is, where JavaScript makes SS of it. */
function upperCased(text: string): string {
  return Array.from({ length: text.length }, (_, at) => {
    const upper = text.charAt(at).toUpperCase();
    return upper.length === 1 ? upper : text.charAt(at);
  }).join('');
}
