import type { Authentication } from '../settings/settings.ts';
import type { Capabilities } from './capa.ts';
import { offersMechanism } from './capa.ts';

/** A way to log in, as POP3 names it: a SASL mechanism, or the commands USER (with PASS) and APOP. */
export type Mechanism = Uppercase<Exclude<Authentication, 'auto'>>;

/** What the configuration asks for. */
export interface LoginWish {
  /** The setting `auth`. */
  readonly auth: Authentication;
  readonly credential: 'password' | 'token';
  /** Whether a password or token may cross an unencrypted connection. */
  readonly cleartextAllowed: boolean;
}

/** What the server has shown of itself, inside TLS where there is TLS. */
export interface LoginOffer {
  /** Null where the server knows no CAPA. */
  readonly capabilities: Capabilities | null;
  /** The greeting's timestamp, which offers APOP (RFC 1939 section 7); null without a valid one. */
  readonly timestamp: string | null;
  readonly encrypted: boolean;
}

export interface MechanismChoice {
  /** In the order to be tried: the next one only where the server refused one before it knew who asked. */
  readonly mechanisms: readonly Mechanism[];
  /** Why there is none, in words that follow "POP3 login: "; null where there is one. */
  readonly obstacle: string | null;
}

/** Over TLS the server may see the password: what stores only hashes can then be the server's own choice. */
const OVER_TLS: readonly Mechanism[] = [
  ...(['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN', 'USER'] as const),
  // Only where the server has nothing else: proofs by MD5 and MD4 add nothing to TLS.
  ...(['CRAM-MD5', 'NTLM', 'APOP'] as const),
];
const IN_CLEAR: readonly Mechanism[] = [
  ...(['SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'APOP', 'NTLM'] as const),
  ...(['PLAIN', 'LOGIN', 'USER'] as const),
];
const BY_TOKEN: readonly Mechanism[] = ['XOAUTH2', 'OAUTHBEARER'];

/** Whoever reads the line has the password or the token itself. */
const REVEALING: ReadonlySet<Mechanism> = new Set([
  ...(['PLAIN', 'LOGIN', 'USER', 'XOAUTH2', 'OAUTHBEARER'] as const),
]);

/**
 * Which mechanisms a login may use. A mechanism that is set is used though the server does not list it, since servers
 * without CAPA list nothing; `auto` takes what is offered, in the order for the channel at hand.
 */
export function chooseMechanisms(wish: LoginWish, offer: LoginOffer): MechanismChoice {
  const wanted = wish.auth === 'auto' ? automatic(wish, offer) : [mechanismOf(wish.auth)];
  const possible = wanted.filter((one) => one !== 'APOP' || offer.timestamp !== null);
  const allowed = possible.filter((one) => isSafe(one, wish, offer.encrypted));
  if (allowed.length > 0) return { mechanisms: allowed, obstacle: null };
  return { mechanisms: [], obstacle: obstacleTo(wanted, possible, offer) };
}

/** Whether the mechanism that is set may be used on such a line; what can be known before a connection is made. */
export function isAllowedInClear({ auth, cleartextAllowed }: LoginWish): boolean {
  return cleartextAllowed || auth === 'auto' || !REVEALING.has(mechanismOf(auth));
}

function mechanismOf(auth: Exclude<Authentication, 'auto'>): Mechanism {
  return auth.toUpperCase() as Mechanism;
}

function isSafe(mechanism: Mechanism, wish: LoginWish, encrypted: boolean): boolean {
  return encrypted || wish.cleartextAllowed || !REVEALING.has(mechanism);
}

function automatic(wish: LoginWish, offer: LoginOffer): readonly Mechanism[] {
  return wish.credential === 'token' ? byToken(offer.capabilities) : byPassword(offer);
}

function byToken(capabilities: Capabilities | null): readonly Mechanism[] {
  // A server that says nothing of SASL is asked for the form that is known best; it sees no token if it refuses.
  if (capabilities?.has('SASL') !== true) return BY_TOKEN.slice(0, 1);
  return BY_TOKEN.filter((one) => offersMechanism(capabilities, one));
}

function byPassword({ capabilities, timestamp, encrypted }: LoginOffer): readonly Mechanism[] {
  const order = encrypted ? OVER_TLS : IN_CLEAR;
  const offered = order.filter(
    (one) => capabilities !== null && offersMechanism(capabilities, one),
  );
  // Many servers leave USER out of their list; where they have nothing else for us, it is what they mean.
  const listsUser = capabilities?.has('USER') ?? true;
  const takesUser = listsUser || offered.length === 0;
  const usable = order.filter(
    (one) =>
      offered.includes(one) ||
      (one === 'USER' && takesUser) ||
      (one === 'APOP' && timestamp !== null),
  );
  return takesUser ? usable : [...usable, 'USER'];
}

function obstacleTo(
  wanted: readonly Mechanism[],
  possible: readonly Mechanism[],
  offer: LoginOffer,
): string {
  if (possible.length > 0) {
    return `expected TLS, or a mechanism that does not send the secret itself, for ${possible.join(', ')}; use TLS, or allow clear text for this mailbox`;
  }
  if (wanted.length > 0) {
    return 'expected a timestamp such as <1896.697170952@pop.example> in the greeting for APOP, got none';
  }
  const listed = offer.capabilities?.get('SASL')?.join(' ') ?? '';
  return `expected ${BY_TOKEN.join(' or ')} among the SASL mechanisms of the server, got ${listed || 'none'}`;
}
