import type { LookupFunction } from 'node:net';

import { systemClock } from '../../shared/clock.ts';
import type { RandomOctets } from '../../shared/clock.ts';
import type {
  ListedMail,
  Maildrop,
  MaildropAddress,
  MaildropLogin,
  MailSink,
  MessageNumber,
} from '../../shared/pop3/maildrop.ts';
import { Pop3Opener } from '../../shared/pop3/opener.ts';
import type { PipeliningMemory } from '../../shared/pop3/pipelining.ts';
import type { Pop3Session } from '../../shared/pop3/session.ts';

/** What a test changes of the usual session with a server on loopback in clear text. */
export interface OpenOptions
  extends Partial<MaildropAddress>, Partial<Omit<MaildropLogin, 'secret'>> {
  readonly password?: string;
  /** An access token instead of the password. */
  readonly token?: string;
  readonly stallMs?: number;
  readonly probeMs?: number;
  readonly pipelining?: PipeliningMemory;
  readonly lookup?: LookupFunction;
  readonly attemptMs?: number;
  readonly randomOctets?: RandomOctets;
  /** Milliseconds from now. */
  readonly within?: number;
  readonly signal?: AbortSignal;
}

export const USER = 'alice';
export const PASSWORD = 'open sesame ';

const USUAL = {
  host: '127.0.0.1',
  tls: 'none',
  ca: null,
  fingerprint: null,
  username: USER,
  password: PASSWORD,
  auth: 'auto',
  cleartextAllowed: true,
  stallMs: 10_000,
  within: 20_000,
} as const;

export function openMaildrop(port: number, options: OpenOptions = {}): Promise<Pop3Session> {
  const session = { ...USUAL, port, ...options };
  const { token } = options;
  const secret =
    token === undefined
      ? ({ kind: 'password', value: session.password } as const)
      : ({ kind: 'token', value: token } as const);
  return new Pop3Opener(systemClock, session).open(
    session,
    { ...session, secret },
    {
      deadline: systemClock.now() + session.within,
      signal: options.signal ?? new AbortController().signal,
      ...(options.pipelining === undefined ? {} : { pipelining: options.pipelining }),
    },
  );
}

export interface CollectingSink extends MailSink {
  readonly octets: Buffer;
}

export function collectingSink(): CollectingSink {
  const chunks: Buffer[] = [];
  return {
    write: (chunk) => {
      chunks.push(Buffer.from(chunk));
    },
    get octets() {
      return Buffer.concat(chunks);
    },
  };
}

export async function retrieved(maildrop: Maildrop, mail: ListedMail): Promise<Buffer> {
  const sink = collectingSink();
  await maildrop.retrieve(mail.number, sink);
  return sink.octets;
}

export function messageNumber(number: number): MessageNumber {
  return number as MessageNumber;
}

/** What a promise was rejected with; an error of its own when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, got ${JSON.stringify(value)}`);
}
