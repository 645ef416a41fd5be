import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import { bareAnswer, multiLineAnswer, topOf } from './dot-stuffing.ts';
import { ruled } from './pop3-rule.ts';
import type { Pop3Rule, RuledAnswer } from './pop3-rule.ts';
import type { Pop3Host, StoredMail } from './pop3-host.ts';
import { sendPaced } from './paced-sending.ts';

const NOTHING = Buffer.alloc(0);

/**
 * Server side of one POP3 connection (RFC 1939, 2449, 2595, 5034). It works as a good server does; what the host's
 * script says of a command changes its answer on the way out.
 */
export class Pop3ServerSession {
  private readonly host: Pop3Host;
  /** Which connection of the server this is, from 1. */
  private readonly session: number;
  private socket: Socket;
  private secure: boolean;
  private input: Buffer = NOTHING;
  private output: Promise<void> = Promise.resolve();
  private user: string | null = null;
  private mails: readonly StoredMail[] | null = null;
  private readonly marked = new Set<StoredMail>();
  /** The mechanism whose response comes next. */
  private expects: 'PLAIN' | 'XOAUTH2' | null = null;
  private deaf = false;
  /** What the script says of the command at hand. */
  private rule: Pop3Rule | null = null;
  private password = '';

  private readonly onData = (chunk: Buffer): void => {
    this.input = Buffer.concat([this.input, chunk]);
    this.readLines();
  };

  constructor(host: Pop3Host, socket: Socket, session: number) {
    this.host = host;
    this.session = session;
    this.socket = socket;
    this.secure = socket instanceof TLSSocket;
    this.adopt(socket);
    this.rule = this.ruleFor('connect');
    this.status('+OK sample maildrop ready');
  }

  private ruleFor(event: string): Pop3Rule | null {
    return this.host.script.rules.take(event, this.session);
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
      this.input = this.host.script.losesPipelined ? NOTHING : this.input.subarray(end + 1);
      this.obey(line);
    }
  }

  private obey(line: string): void {
    this.host.commands.push(line);
    if (this.expects !== null) {
      const mechanism = this.expects;
      this.expects = null;
      this.respond(mechanism, line);
      return;
    }
    const [word = '', ...args] = line.split(' ');
    const verb = word.toUpperCase();
    this.rule = this.ruleFor(line);
    if (this.rule?.ignored === true) {
      this.send(NOTHING);
      if (verb === 'QUIT') this.hangUp(false);
    } else if (!this.beforeLogin(verb, args)) this.afterLogin(verb, args);
  }

  private beforeLogin(verb: string, args: readonly string[]): boolean {
    switch (verb) {
      case 'CAPA':
        this.lines('+OK', Buffer.from(this.capabilities().join('\r\n')));
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
        this.list(args[0], (mail) => mail.content.length);
        return;
      case 'UIDL':
        this.list(args[0], (mail) => mail.uidl);
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
    const mail = this.mails?.[Number(args[0]) - 1];
    if (mail === undefined || this.marked.has(mail)) {
      this.status('-ERR no such message');
    } else if (verb === 'RETR') {
      this.lines(`+OK ${mail.content.length} octets`, mail.content);
    } else if (verb === 'TOP') {
      this.lines('+OK', topOf(mail.content, Number(args[1])));
    } else if (verb === 'DELE') {
      this.marked.add(mail);
      this.status('+OK marked');
    } else {
      this.status('-ERR unknown command');
    }
  }

  private list(number: string | undefined, value: (mail: StoredMail) => string | number): void {
    const lines = (this.mails ?? []).flatMap((mail, index) =>
      this.marked.has(mail) ? [] : [`${index + 1} ${value(mail)}`],
    );
    if (number === undefined) {
      this.lines('+OK', Buffer.from(lines.join('\r\n'), 'latin1'));
      return;
    }
    const line = lines.find((each) => each.startsWith(`${number} `));
    this.status(line === undefined ? '-ERR no such message' : `+OK ${line}`);
  }

  private auth(args: readonly string[]): void {
    const mechanism = args[0]?.toUpperCase();
    if ((mechanism !== 'PLAIN' && mechanism !== 'XOAUTH2') || !this.offers(mechanism)) {
      this.status('-ERR unknown mechanism');
    } else if (args[1] !== undefined) {
      this.respond(mechanism, args[1]);
    } else {
      this.expects = mechanism;
      this.status('+ ');
    }
  }

  private offers(mechanism: string): boolean {
    return this.host.capabilities.some((line) => {
      const [tag, ...names] = line.split(' ');
      return tag === 'SASL' && names.includes(mechanism);
    });
  }

  /** An access token counts as the user's password; a refusal is told at once, as Microsoft does. */
  private respond(mechanism: 'PLAIN' | 'XOAUTH2', response: string): void {
    const text = Buffer.from(response, 'base64').toString('utf8');
    const [, user = '', secret = ''] =
      mechanism === 'PLAIN'
        ? text.split('\0')
        : (/^user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01$/.exec(text) ?? []);
    this.login(mechanism, user, secret);
  }

  private login(mechanism: string, user: string, password: string): void {
    this.password = password;
    this.rule ??= this.ruleFor('login');
    const mails = this.rule?.ignored === true ? null : this.host.open(user, password);
    this.host.logins.push({ user, mechanism, secure: this.secure, accepted: mails !== null });
    if (mails === null) {
      this.status('-ERR [AUTH] authentication failed');
      return;
    }
    this.user = user;
    this.mails = mails;
    this.status('+OK logged in');
  }

  private stls(): void {
    const { tls } = this.host;
    if (this.secure || tls === null) {
      this.status('-ERR STLS not available');
      return;
    }
    this.status('+OK begin TLS');
    void this.output.then(() => {
      if (this.deaf) return;
      this.socket.off('data', this.onData);
      this.secure = true;
      this.user = null;
      this.adopt(new TLSSocket(this.socket, { isServer: true, key: tls.key, cert: tls.cert }));
    });
  }

  private quit(): void {
    if (this.user !== null && this.mails !== null) this.host.remove(this.user, this.marked);
    this.status('+OK bye');
    this.hangUp(false);
  }

  private capabilities(): readonly string[] {
    const stls = this.host.tls !== null && !this.secure && this.host.script.offersStls;
    return [...this.host.capabilities, ...(stls ? ['STLS'] : [])];
  }

  private left(): readonly StoredMail[] {
    return (this.mails ?? []).filter((mail) => !this.marked.has(mail));
  }

  private status(line: string): void {
    const bare = this.host.script.lineEnds !== 'crlf';
    this.send(Buffer.from(`${line}${bare ? '\n' : '\r\n'}`, 'utf8'));
  }

  private lines(status: string, body: Buffer): void {
    const isBare = this.host.script.lineEnds === 'bare';
    this.send(isBare ? bareAnswer(status, body) : multiLineAnswer(status, body));
  }

  /** The one way out: applies the rule to the answer of the command at hand. */
  private send(octets: Buffer): void {
    const { rule, socket, password } = this;
    const { packetOctets } = this.host.script;
    this.rule = null;
    const answer = ruled(rule, octets, password);
    if (answer.endless !== null || answer.then !== null) this.deaf = true;
    if (answer.wait === 0 && answer.endless === null && packetOctets === null) {
      // Behind whatever is still on its way, though nothing ever is without such a rule.
      socket.write(answer.octets);
    } else {
      this.output = this.output.then(() => sendPaced(socket, answer, packetOctets));
    }
    this.breakOff(answer);
  }

  private breakOff({ then }: RuledAnswer): void {
    if (then === 'close' || then === 'reset') this.hangUp(then === 'reset');
  }

  private hangUp(reset: boolean): void {
    const { socket } = this;
    this.deaf = true;
    void this.output.then(() => {
      if (!reset) socket.end();
      // What was written still leaves before the reset: a turn of the loop later. Over TLS Node can only hang up.
      else setImmediate(() => (this.secure ? socket.destroy() : socket.resetAndDestroy()));
    });
  }
}

function sum(mails: readonly StoredMail[]): number {
  return mails.reduce((total, mail) => total + mail.content.length, 0);
}
