import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import type { Pop3Faults } from './pop3-faults.ts';
import type { Pop3Host, RecordedLogin, ServerTls, StoredMail } from './pop3-host.ts';
import { scriptOf } from './pop3-script.ts';
import type { Pop3Script } from './pop3-script.ts';
import { Pop3ServerSession } from './pop3-server-session.ts';

/** A mail, with or without a UIDL of its own. */
export type SampleMail = Buffer | { readonly content: Buffer; readonly uidl: string };

export interface Pop3ServerOptions {
  readonly users: Readonly<
    Record<string, { readonly password: string; readonly mails: readonly SampleMail[] }>
  >;
  readonly tls?: ServerTls;
  /** Lines of CAPA, STLS apart. */
  readonly capabilities?: readonly string[];
  readonly faults?: Pop3Faults;
  /** In place of `faults`. */
  readonly script?: Pop3Script;
}

export interface ScriptedPop3Server {
  readonly port: number;
  /** Every line received, passwords included. */
  readonly commands: readonly string[];
  readonly logins: readonly RecordedLogin[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** What lies in the maildrop now. */
  mails(user: string): readonly Buffer[];
  /** What was deleted, in the order of deletion. */
  deletedBy(user: string): readonly Buffer[];
  /** Seen by the sessions that begin from now on. */
  addMail(user: string, mail: SampleMail): void;
  /** From now on, also in sessions that are open. */
  setFaults(faults: Pop3Faults): void;
  setScript(script: Pop3Script): void;
  /** Drops every connection. */
  close(): Promise<void>;
}

export const USUAL_CAPABILITIES = [
  'TOP',
  'UIDL',
  'RESP-CODES',
  'PIPELINING',
  'AUTH-RESP-CODE',
  'USER',
  'SASL PLAIN',
] as const;

/** A small faithful POP3 server on a free port of 127.0.0.1, with faults on demand. */
export async function startPop3Server(options: Pop3ServerOptions): Promise<ScriptedPop3Server> {
  const maildrops = new Maildrops(options.users);
  const commands: string[] = [];
  const logins: RecordedLogin[] = [];
  const capabilities = options.capabilities ?? USUAL_CAPABILITIES;
  let script = options.script ?? scriptOf(options.faults ?? {});
  const host: Pop3Host = {
    tls: options.tls ?? null,
    capabilities,
    get script() {
      return script;
    },
    commands,
    logins,
    offers: (capability) => capabilities.includes(capability),
    open: (user, password) => maildrops.open(user, password),
    remove: (user, mails) => {
      maildrops.remove(user, mails);
    },
  };
  const listener = await listen(options.tls ?? null, (socket) => {
    new Pop3ServerSession(host, socket, listener.accepted());
  });
  return {
    ...listener,
    get connections() {
      return listener.accepted();
    },
    commands,
    logins,
    mails: (user) => maildrops.of(user).mails.map(({ content }) => content),
    deletedBy: (user) => maildrops.of(user).deleted,
    addMail: (user, mail) => {
      maildrops.add(user, mail);
    },
    setFaults: (faults) => {
      script = scriptOf(faults);
    },
    setScript: (next) => {
      script = next;
    },
  };
}

interface Maildrop {
  readonly password: string;
  mails: readonly StoredMail[];
  readonly deleted: Buffer[];
}

class Maildrops {
  private readonly byUser = new Map<string, Maildrop>();
  private given = 0;

  constructor(users: Pop3ServerOptions['users']) {
    for (const [user, { password, mails }] of Object.entries(users)) {
      this.byUser.set(user, { password, mails: [], deleted: [] });
      for (const mail of mails) this.add(user, mail);
    }
  }

  of(user: string): Maildrop {
    const maildrop = this.byUser.get(user);
    if (maildrop === undefined) throw new Error(`expected a user of the server, got ${user}`);
    return maildrop;
  }

  add(user: string, mail: SampleMail): void {
    this.given += 1;
    const stored = Buffer.isBuffer(mail) ? { content: mail, uidl: `uid-${this.given}` } : mail;
    const maildrop = this.of(user);
    maildrop.mails = [...maildrop.mails, stored];
  }

  open(user: string, password: string): readonly StoredMail[] | null {
    const maildrop = this.byUser.get(user);
    return maildrop?.password === password ? maildrop.mails : null;
  }

  remove(user: string, mails: ReadonlySet<StoredMail>): void {
    const maildrop = this.of(user);
    const gone = maildrop.mails.filter((mail) => mails.has(mail));
    maildrop.deleted.push(...gone.map(({ content }) => content));
    maildrop.mails = maildrop.mails.filter((mail) => !mails.has(mail));
  }
}

export interface Listener {
  readonly port: number;
  accepted(): number;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1; `close` drops what is connected. */
export async function listen(
  tls: ServerTls | null,
  onConnection: (socket: Socket) => void,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server: Server =
    tls?.implicit === true ? createTlsServer({ key: tls.key, cert: tls.cert }) : createServer();
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  // Behind the count, so that a session knows which one it is.
  server.on(tls?.implicit === true ? 'secureConnection' : 'connection', onConnection);
  // A client that refuses the certificate ends the handshake: that is what such a test wants.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
