import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import { multiLineAnswer, topOf } from './dot-stuffing.ts';
import type { Pop3Faults } from './pop3-faults.ts';
import type { Pop3Host, StoredMail } from './pop3-host.ts';

/** Server side of one POP3 connection (RFC 1939, 2449, 2595, 5034). */
export class Pop3ServerSession {
  private readonly host: Pop3Host;
  private socket: Socket;
  private secure: boolean;
  private input: Buffer = Buffer.alloc(0);
  private output: Promise<void> = Promise.resolve();
  private user: string | null = null;
  private mails: readonly StoredMail[] | null = null;
  private readonly marked = new Set<StoredMail>();
  private expectsPlain = false;
  private deaf = false;

  private readonly onData = (chunk: Buffer): void => {
    this.input = Buffer.concat([this.input, chunk]);
    this.readLines();
  };

  constructor(host: Pop3Host, socket: Socket) {
    this.host = host;
    this.socket = socket;
    this.secure = socket instanceof TLSSocket;
    this.adopt(socket);
    const refusal = this.faults.refuseGreeting;
    this.status(refusal === undefined ? '+OK sample maildrop ready' : `-ERR ${refusal}`);
  }

  private get faults(): Pop3Faults {
    return this.host.faults;
  }

  private adopt(socket: Socket): void {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', this.onData);
    socket.on('error', () => undefined);
  }

  private readLines(): void {
    for (;;) {
      const end = this.input.indexOf('\n');
      if (end === -1 || this.deaf) return;
      const line = this.input.subarray(0, end).toString('utf8').replace(/\r$/, '');
      this.input = this.input.subarray(end + 1);
      this.obey(line);
    }
  }

  private obey(line: string): void {
    this.host.commands.push(line);
    if (this.expectsPlain) {
      this.expectsPlain = false;
      this.plain(line);
      return;
    }
    const [word = '', ...args] = line.split(' ');
    const verb = word.toUpperCase();
    if (this.faults.silentOn === verb) return;
    if (this.faults.endlessLine === verb) {
      this.endless();
      return;
    }
    if (!this.beforeLogin(verb, args)) this.afterLogin(verb, args);
  }

  private beforeLogin(verb: string, args: readonly string[]): boolean {
    switch (verb) {
      case 'CAPA':
        this.capa();
        return true;
      case 'STLS':
        this.stls();
        return true;
      case 'USER':
        this.user = args.join(' ');
        this.status('+OK');
        return true;
      case 'PASS':
        this.login('USER', this.user ?? '', args.join(' '));
        return true;
      case 'AUTH':
        this.auth(args);
        return true;
      case 'QUIT':
        this.quit();
        return true;
      default:
        return false;
    }
  }

  private afterLogin(verb: string, args: readonly string[]): void {
    if (this.mails === null) {
      this.status('-ERR log in first');
      return;
    }
    switch (verb) {
      case 'STAT':
        this.status(`+OK ${this.left().length} ${sum(this.left())}`);
        return;
      case 'LIST':
        this.list(args[0], (mail) => this.listedSize(mail));
        return;
      case 'UIDL':
        if (this.faults.noUidl === true) this.status('-ERR unknown command');
        else this.list(args[0], (mail) => mail.uidl);
        return;
      case 'RSET':
        this.marked.clear();
        this.status('+OK');
        return;
      case 'NOOP':
        this.status('+OK');
        return;
      default:
        this.forMail(verb, args);
    }
  }

  private forMail(verb: string, args: readonly string[]): void {
    const number = Number(args[0]);
    const mail = this.mails?.[number - 1];
    if (mail === undefined || this.marked.has(mail)) {
      this.status('-ERR no such message');
    } else if (verb === 'RETR') {
      this.retr(number, mail);
    } else if (verb === 'TOP' && this.faults.noTop !== true) {
      this.send(multiLineAnswer('+OK', topOf(mail.content, Number(args[1]))));
    } else if (verb === 'DELE') {
      this.marked.add(mail);
      this.status('+OK marked');
    } else {
      this.status('-ERR unknown command');
    }
  }

  private retr(number: number, mail: StoredMail): void {
    const { breakOff, refuseRetr, emptyRetr } = this.faults;
    if (refuseRetr?.includes(number) === true) {
      this.status('-ERR [SYS/TEMP] message cannot be read');
      return;
    }
    if (emptyRetr?.includes(number) === true) {
      this.send(Buffer.from('+OK 0 octets\r\n.\r\n'));
      return;
    }
    const status = `+OK ${mail.content.length} octets`;
    const answer = multiLineAnswer(status, mail.content);
    if (breakOff?.message !== number) {
      this.send(answer);
      return;
    }
    this.deaf = true;
    this.send(answer.subarray(0, status.length + 2 + breakOff.octets));
    if (breakOff.how !== 'stall') this.hangUp(breakOff.how === 'reset');
  }

  private list(number: string | undefined, value: (mail: StoredMail) => string | number): void {
    const lines = (this.mails ?? []).flatMap((mail, index) =>
      this.marked.has(mail) ? [] : [`${index + 1} ${value(mail)}`],
    );
    if (number === undefined) {
      this.send(multiLineAnswer('+OK', Buffer.from(lines.join('\r\n'), 'latin1')));
      return;
    }
    const line = lines.find((each) => each.startsWith(`${number} `));
    this.status(line === undefined ? '-ERR no such message' : `+OK ${line}`);
  }

  private auth(args: readonly string[]): void {
    if (args[0]?.toUpperCase() !== 'PLAIN' || !this.host.offers('SASL PLAIN')) {
      this.status('-ERR unknown mechanism');
    } else if (args[1] !== undefined) {
      this.plain(args[1]);
    } else {
      this.expectsPlain = true;
      this.status('+ ');
    }
  }

  private plain(response: string): void {
    const [, user = '', password = ''] = Buffer.from(response, 'base64')
      .toString('utf8')
      .split('\0');
    this.login('PLAIN', user, password);
  }

  private login(mechanism: string, user: string, password: string): void {
    const refusal = this.faults.refuseLogin;
    const mails = refusal === undefined ? this.host.open(user, password) : null;
    this.host.logins.push({ user, mechanism, secure: this.secure, accepted: mails !== null });
    if (mails === null) {
      const echo = this.faults.echoPassword === true ? ` PASS ${password}` : '';
      this.status(`-ERR ${refusal ?? '[AUTH] authentication failed'}${echo}`);
      return;
    }
    this.user = user;
    this.mails = mails;
    this.status('+OK logged in');
  }

  private stls(): void {
    const { tls } = this.host;
    if (this.secure || tls === null || this.faults.noStls === true) {
      this.status('-ERR STLS not available');
      return;
    }
    this.send(Buffer.from(`+OK begin TLS\r\n${this.faults.injectAfterStls ?? ''}`));
    void this.output.then(() => {
      this.socket.off('data', this.onData);
      this.secure = true;
      this.user = null;
      this.adopt(new TLSSocket(this.socket, { isServer: true, key: tls.key, cert: tls.cert }));
    });
  }

  private quit(): void {
    const fault = this.faults.quit;
    this.deaf = true;
    if (fault === 'refuse') {
      this.status('-ERR [SYS/TEMP] some deleted messages not removed');
      this.hangUp(false);
      return;
    }
    if (fault !== 'close-before-deletion' && this.user !== null && this.mails !== null) {
      this.host.remove(this.user, this.marked);
    }
    if (fault === undefined) this.status('+OK bye');
    this.hangUp(false);
  }

  private capa(): void {
    if (this.faults.refuseCapa === true) this.status('-ERR unknown command');
    else this.send(multiLineAnswer('+OK', Buffer.from(this.capabilities().join('\r\n'))));
  }

  private capabilities(): readonly string[] {
    const stls = this.host.tls !== null && !this.secure && this.faults.noStls !== true;
    return [...this.host.capabilities, ...(stls ? ['STLS'] : [])];
  }

  private left(): readonly StoredMail[] {
    return (this.mails ?? []).filter((mail) => !this.marked.has(mail));
  }

  private listedSize(mail: StoredMail): number | string {
    return this.faults.listSize?.(mail.content.length) ?? mail.content.length;
  }

  private status(line: string): void {
    this.send(Buffer.from(line + (this.faults.bareLineFeeds === true ? '\n' : '\r\n'), 'utf8'));
  }

  private endless(): void {
    this.deaf = true;
    this.send(Buffer.from(`+OK ${'x'.repeat(64 * 1024)}`));
  }

  private send(octets: Buffer): void {
    const { socket } = this;
    if (this.faults.octetByOctet !== true) {
      // Behind whatever is still on its way, though nothing ever is without that fault.
      socket.write(octets);
      return;
    }
    this.output = this.output.then(() => dripFeed(socket, octets));
  }

  private hangUp(reset: boolean): void {
    const { socket } = this;
    void this.output.then(() => {
      if (!reset) socket.end();
      // What was written still leaves before the reset: a turn of the loop later.
      else setImmediate(() => socket.resetAndDestroy());
    });
  }
}

/** An octet a turn of the event loop, so that each arrives as a chunk of its own. */
async function dripFeed(socket: Socket, octets: Buffer): Promise<void> {
  for (let at = 0; at < octets.length; at += 1) {
    if (!socket.writable) return;
    socket.write(octets.subarray(at, at + 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function sum(mails: readonly StoredMail[]): number {
  return mails.reduce((total, mail) => total + mail.content.length, 0);
}
