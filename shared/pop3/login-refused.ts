import type { LoginRefusal } from '../login-refused.ts';
import { LoginRefused } from '../login-refused.ts';
import type { Connection } from './connection.ts';
import type { LoginAttempt } from './login-attempt.ts';
import type { Mechanism } from './mechanism-choice.ts';
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

/** How the login was tried. */
export interface LoginTry {
  readonly mechanism: Mechanism;
  /** Whether `auto` chose the mechanism. */
  readonly chosen: boolean;
  readonly username: string;
}

/** These prove a password that the server has to have stored in a form of its own; not every account has one. */
const NEEDS_OWN_FORM: ReadonlySet<Mechanism> = new Set([
  ...(['SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'APOP', 'NTLM'] as const),
]);

/**
 * An -ERR to a login, classified. One that gives no reason counts as a judgement of the credentials: taking it for a
 * passing fault would try the password again and again, until the account is locked.
 */
export function loginRefused(
  connection: Connection,
  { reply, detail }: LoginAttempt,
  { mechanism, chosen, username }: LoginTry,
): LoginRefused {
  const refusal = refusalOf(reply, username);
  const code = reply.code === null ? '' : ` [${connection.quote(reply.code)}]`;
  const said = `${code} ${connection.quote(reply.text)}`.trimEnd();
  const more = detail == null ? '' : ` (${connection.quote(detail)})`;
  const advice =
    refusal === 'credentials' && chosen && NEEDS_OWN_FORM.has(mechanism)
      ? `; where the password is right, the server may not have this account set up for ${mechanism}, which "auth: auto" chose: set "auth" to another mechanism`
      : '';
  return new LoginRefused(
    refusal,
    `${connection.place} refused the login (${nameOf(mechanism)}):${said}${more}${advice}`,
    reply.code,
  );
}

function nameOf(mechanism: Mechanism): string {
  return mechanism === 'USER' ? 'USER/PASS' : mechanism;
}

/** What an -ERR says by its response code, else by its words, those of an echoed user name left out. */
function refusalOf({ code, text }: StatusLine, username: string): LoginRefusal {
  const words = username === '' ? text : text.replaceAll(username, '');
  return refusalOfCode(code) ?? refusalInWords(words) ?? 'credentials';
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
