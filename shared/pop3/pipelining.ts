import { Failure } from '../failure.ts';
import { POP3_WINDOW_OFFERED, POP3_WINDOW_SHOWN } from '../limits.ts';
import type { Capabilities } from './capa.ts';
import { readCapabilities } from './capa.ts';
import type { Connection } from './connection.ts';
import { noop } from './noop.ts';

/**
 * Whether commands may be sent before earlier ones are answered: the server offers it (RFC 2449 section 6.6), or has
 * shown in this session that it takes it, or neither.
 */
export type Pipelining = 'offered' | 'shown' | 'none';

/** What earlier sessions with the maildrop taught. */
export interface PipeliningMemory {
  /** Whether a server that does not offer it may be tried. */
  readonly mayProbe: boolean;
  /** A server that does not offer it broke over it: no more probes for a while. */
  broke(): void;
}

export interface Agreement {
  readonly capabilities: Capabilities | null;
  readonly pipelining: Pipelining;
}

/**
 * Asks for capabilities once more, since some servers offer more after the login, and finds out about pipelining.
 *
 * Many servers (Exchange, Gmail) take it without a word. So where it is not offered, two harmless commands leave in
 * one segment: a server that answers both in order reads its input as a stream. One that drops the second, takes the
 * two for one or hangs up has lost no mail by it: the session is opened anew, and goes one command at a time.
 * Servers that know no CAPA are too old to be tried.
 * @param probeMs how long the answers may take
 * @throws Failure when the probe broke the session
 */
export async function agreeOnPipelining(
  connection: Connection,
  before: Capabilities | null,
  memory: PipeliningMemory,
  probeMs: number,
): Promise<Agreement> {
  // With bare line ends the end of a message is a little less certain: what follows it has to be seen first.
  if (before === null || connection.lineEnds.allBare) {
    return { capabilities: before, pipelining: 'none' };
  }
  if (before.has('PIPELINING')) return offered(connection, before);
  if (!memory.mayProbe) {
    const capabilities = (await readCapabilities(connection)) ?? before;
    return capabilities.has('PIPELINING')
      ? offered(connection, capabilities)
      : { capabilities, pipelining: 'none' };
  }
  const agreement = await probe(connection, before, memory, probeMs);
  if (agreement.pipelining === 'shown') {
    // What takes two commands at once may still break over more.
    connection.onBrokenWindow = () => {
      memory.broke();
    };
  }
  return agreement;
}

async function probe(
  connection: Connection,
  before: Capabilities,
  memory: PipeliningMemory,
  probeMs: number,
): Promise<Agreement> {
  connection.window = 2;
  const first = readCapabilities(connection);
  const second = noop(connection);
  let isLost = false;
  const timer = setTimeout(() => {
    isLost = true;
    connection.fail(lost(connection, probeMs));
  }, probeMs);
  const [answer, last] = await Promise.all([first, second]).finally(() => {
    clearTimeout(timer);
    if (isLost || connection.brokenByServer) memory.broke();
  });
  connection.window = 1;
  const capabilities = answer ?? before;
  if (capabilities.has('PIPELINING')) return offered(connection, capabilities);
  if (last !== 'ok') return { capabilities, pipelining: 'none' };
  connection.window = POP3_WINDOW_SHOWN;
  return { capabilities, pipelining: 'shown' };
}

function offered(connection: Connection, capabilities: Capabilities): Agreement {
  connection.window = POP3_WINDOW_OFFERED;
  return { capabilities, pipelining: 'offered' };
}

function lost({ place }: Connection, probeMs: number): Failure {
  return new Failure(
    'timeout',
    'temporary',
    `expected ${place} to answer two commands that were sent together, got nothing for ${probeMs} ms`,
  );
}
