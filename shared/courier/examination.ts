import type { TLSSocket } from 'node:tls';

import type { Clock } from '../clock.ts';
import type { FailureKind } from '../failure.ts';
import type { SmtpSettings } from '../settings/settings.ts';
import { tlsFacts } from '../tls/tls-facts.ts';
import type { TlsFacts } from '../tls/tls-facts.ts';
import { DEADLINES } from './deadlines.ts';
import type { Deadlines } from './deadlines.ts';
import type { SessionFailure } from './session-failure.ts';
import { SmtpSession } from './smtp-session.ts';
import type { Credentials } from './smtp-session.ts';
import { Transcript } from './transcript.ts';

/** What the destination showed in a session that sent nothing. */
export interface DestinationExamination {
  /** `mail.corp.example:587`. */
  readonly server: string;
  readonly greeting: string | null;
  readonly tls: TlsFacts | null;
  /** Whether STARTTLS was offered before TLS. */
  readonly offersStartTls: boolean;
  /** Keywords of the last reply to EHLO or LHLO, each with its values, as they were sent. */
  readonly features: readonly string[];
  /** Null: no login is configured, or it was not reached. */
  readonly loggedIn: boolean | null;
  readonly error: { readonly kind: FailureKind; readonly message: string } | null;
}

export interface ExaminationOptions {
  readonly server: SmtpSettings;
  readonly lmtp: boolean;
  readonly login: (() => Promise<Credentials>) | null;
  readonly helloName: string;
  readonly clock: Clock;
  /** Bounds all of it, milliseconds. */
  readonly withinMs: number;
  readonly deadlines?: Partial<Deadlines>;
}

/** Connects, greets, secures and logs in as a delivery would, and leaves with QUIT. */
export async function examineDestination(
  options: ExaminationOptions,
): Promise<DestinationExamination> {
  const { server, clock, withinMs } = options;
  const transcript = new Transcript();
  const most = { connectMs: withinMs, greetingMs: withinMs, commandMs: withinMs };
  const deadlines = { ...DEADLINES, ...most, ...options.deadlines };
  let session: SmtpSession | null = null;
  let failure: SessionFailure | null = null;
  try {
    session = await SmtpSession.open({ ...options, deadlines }, transcript, clock.now() + withinMs);
  } catch (error) {
    failure = error as SessionFailure;
  }
  const tls = session?.secured ?? null;
  const seen = {
    server: `${server.host}:${server.port}`,
    ...heard(transcript.lines()),
    tls: tls === null ? null : factsOf(tls),
    loggedIn: loginOutcome(options, session, failure),
    error: failure === null ? null : { kind: failure.kind, message: wordsOf(failure) },
  };
  await session?.quit();
  return seen;
}

function factsOf(socket: TLSSocket): TlsFacts {
  // A session that was opened has been held to its certificate.
  return tlsFacts(socket, true);
}

function loginOutcome(
  { login }: ExaminationOptions,
  session: SmtpSession | null,
  failure: SessionFailure | null,
): boolean | null {
  if (login === null) return null;
  if (session !== null) return true;
  return failure?.kind === 'login' ? false : null;
}

function wordsOf({ message, reply }: SessionFailure): string {
  if (reply === null) return message;
  return `${message}: ${reply.code} ${reply.text}`;
}

/** What the server said, read from the transcript of the session. */
function heard(
  lines: readonly string[],
): Pick<DestinationExamination, 'greeting' | 'offersStartTls' | 'features'> {
  const replies: { readonly to: string | null; readonly lines: string[] }[] = [];
  let command: string | null = null;
  for (const line of lines) {
    if (line.startsWith('C: ')) command = line.slice(3);
    if (!line.startsWith('S: ')) continue;
    const last = replies.at(-1);
    if (last?.to === command) last.lines.push(line.slice(3));
    else replies.push({ to: command, lines: [line.slice(3)] });
  }
  const greeting = replies.find(({ to }) => to === null)?.lines.join(' ') ?? null;
  const hellos = replies.filter(({ to }) => to !== null && /^(EHLO|LHLO)\b/i.test(to));
  return {
    greeting,
    offersStartTls: featuresIn(hellos[0]?.lines).some((one) => /^STARTTLS\b/i.test(one)),
    features: featuresIn(hellos.at(-1)?.lines),
  };
}

/** RFC 5321 section 4.1.1.1: the first line is the greeting. */
function featuresIn(lines: readonly string[] | undefined): readonly string[] {
  return (lines ?? []).slice(1).flatMap((line) => /^250[ -](.+)$/.exec(line)?.[1] ?? []);
}
