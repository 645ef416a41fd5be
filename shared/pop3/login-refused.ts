import type { LoginRefusal } from '../login-refused.ts';
import { LoginRefused } from '../login-refused.ts';
import type { Connection } from './connection.ts';
import type { StatusLine } from './status-line.ts';

/** RFC 2449 section 8.1, RFC 3206. */
const REFUSAL_OF_CODE: ReadonlyMap<string, LoginRefusal> = new Map([
  ['AUTH', 'credentials'],
  ['IN-USE', 'in-use'],
  ['LOGIN-DELAY', 'login-delay'],
  ['SYS/TEMP', 'system-temporary'],
  ['SYS/PERM', 'system-permanent'],
]);

/**
 * What servers without response codes say in words, in this order. An account that is locked is none of them: it is
 * locked because of its credentials, and asking again keeps it so.
 */
const REFUSAL_IN_WORDS: readonly (readonly [LoginRefusal, RegExp])[] = [
  ['credentials', /\b(?:account|user)\b.*\b(?:locked|blocked|disabled|suspended)\b/i],
  ['login-delay', /\b(?:too (?:often|frequent(?:ly)?)|login delay|login limit|frequency)\b/i],
  ['in-use', /\b(?:lock(?:ed)?|in use|busy|already (?:open(?:ed)?|logged))\b/i],
  [
    'system-temporary',
    /\b(?:try again|temporar(?:y|ily)|unavailable|timed? ?out|too many connections)\b/i,
  ],
];

/**
 * An -ERR to a login, classified. One that gives no reason counts as a judgement of the credentials: taking it for a
 * passing fault would try the password again and again, until the account is locked.
 */
export function loginRefused(
  connection: Connection,
  mechanism: string,
  reply: StatusLine,
): LoginRefused {
  const code = reply.code === null ? '' : ` [${connection.quote(reply.code)}]`;
  return new LoginRefused(
    refusalOf(reply),
    `${connection.place} refused the login (${mechanism}):${code} ${connection.quote(reply.text)}`,
    reply.code,
  );
}

/** What an -ERR in the AUTHORIZATION state says, by its response code, else by its words. */
function refusalOf(reply: StatusLine): LoginRefusal {
  return refusalOfCode(reply.code) ?? refusalInWords(reply.text) ?? 'credentials';
}

/** Codes are hierarchical (RFC 2449 section 8): `SYS/TEMP/DISK` means at least what `SYS/TEMP` means. */
function refusalOfCode(code: string | null): LoginRefusal | null {
  if (code === null) return null;
  const known = [...REFUSAL_OF_CODE].find(([one]) => code === one || code.startsWith(`${one}/`));
  return known?.[1] ?? null;
}

function refusalInWords(text: string): LoginRefusal | null {
  return REFUSAL_IN_WORDS.find(([, words]) => words.test(text))?.[0] ?? null;
}
