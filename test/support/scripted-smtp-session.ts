import { createHmac } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { DotDecoder } from './dot-decoder.ts';
import {
  DEFAULT_EXTENSIONS,
  type ReceivedMail,
  type ScriptedReply,
  type SmtpMoment,
  type SmtpServerOptions,
  type SmtpStage,
} from './smtp-script.ts';

const CHALLENGE = '<1896.697170952@scripted.example>';

interface SessionContext {
  readonly number: number;
  readonly received: ReceivedMail[];
  readonly commands: string[];
  readonly upgrade: (clear: Socket) => Socket;
}

interface Envelope {
  mailFrom: string;
  mailOptions: string;
  recipients: string[];
  asked: number;
}

/** The server's side of one connection: commands in their order, also when they come in one segment. */
export class ScriptedSmtpSession {
  #socket: Socket;
  readonly #options: SmtpServerOptions;
  readonly #context: SessionContext;
  #input: Buffer = Buffer.alloc(0);
  #content: DotDecoder | null = null;
  #envelope: Envelope | null = null;
  #transactions = 0;
  #secure: boolean;
  #authenticated = false;
  #expectAuth: ((line: string) => string) | null = null;
  #deaf = false;
  /** The connection is gone, and what was under way is done all the same. */
  #losing = false;
  /** The message was refused while it came. */
  #discarding = false;
  #working = false;

  constructor(socket: Socket, options: SmtpServerOptions, context: SessionContext) {
    this.#socket = socket;
    this.#options = options;
    this.#context = context;
    this.#secure = options.tls?.mode === 'implicit';
  }

  start(): void {
    this.#socket.on('data', this.#onData);
    void this.#reply('connect', '220 scripted.example ready');
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#input = Buffer.concat([this.#input, chunk]);
    void this.#work();
  };

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    while (!this.#deaf && !this.#socket.destroyed && (await this.#step()));
    this.#working = false;
  }

  /** Handles one line or one block of content; false when more input is needed. */
  async #step(): Promise<boolean> {
    if (this.#content !== null) return this.#takeContent(this.#content);
    const end = this.#input.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.#input.toString('utf8', 0, end);
    this.#input = this.#input.subarray(end + 2);
    this.#context.commands.push(line);
    await this.#command(line);
    return true;
  }

  async #command(line: string): Promise<void> {
    if (this.#expectAuth !== null) {
      const expect = this.#expectAuth;
      this.#expectAuth = null;
      await this.#reply('auth', expect(line));
      return;
    }
    const verb = /^[A-Za-z]*/.exec(line)?.[0].toUpperCase() ?? '';
    const handler = this.#handlers[verb];
    if (handler) await handler(line);
    else await this.#send('500 5.5.1 unknown command');
  }

  readonly #handlers: Partial<Record<string, (line: string) => Promise<void>>> = {
    EHLO: () => this.#hello(!this.#options.lmtp),
    LHLO: () => this.#hello(this.#options.lmtp === true),
    HELO: async () => {
      await this.#reply('helo', '250 scripted.example');
    },
    STARTTLS: () => this.#startTls(),
    AUTH: (line) => this.#auth(line),
    MAIL: (line) => this.#mail(line),
    RCPT: (line) => this.#rcpt(line),
    DATA: () => this.#data(),
    RSET: async () => {
      this.#envelope = null;
      await this.#reply('rset', '250 2.0.0 reset');
    },
    NOOP: () => this.#send('250 2.0.0 ok'),
    QUIT: async () => {
      await this.#reply('quit', '221 2.0.0 bye');
      this.#socket.end();
    },
  };

  async #hello(rightVerb: boolean): Promise<void> {
    if (!rightVerb) {
      await this.#send('500 5.5.1 wrong protocol');
      return;
    }
    const { tls, auth, extensions } = this.#options;
    const lines = ['scripted.example', ...(extensions ?? DEFAULT_EXTENSIONS)];
    if (tls?.mode === 'starttls' && !this.#secure) lines.push('STARTTLS');
    if (auth) lines.push(`AUTH ${auth.mechanisms ?? 'PLAIN LOGIN'}`);
    const last = lines.length - 1;
    const reply = lines.map((line, at) => `250${at === last ? ' ' : '-'}${line}`).join('\r\n');
    await this.#reply('ehlo', reply);
  }

  async #startTls(): Promise<void> {
    const offered = this.#options.tls?.mode === 'starttls' && !this.#secure;
    const usual = offered ? '220 2.0.0 go ahead' : '502 5.5.1 not offered';
    const agreed = await this.#reply('starttls', usual);
    if (!agreed) return;
    this.#socket.removeListener('data', this.#onData);
    this.#input = Buffer.alloc(0);
    this.#socket = this.#context.upgrade(this.#socket);
    this.#secure = true;
    this.#socket.on('data', this.#onData);
  }

  async #auth(line: string): Promise<void> {
    const [, mechanism, initial] = line.split(' ');
    if (mechanism === 'LOGIN') {
      this.#expectAuth = (username) => {
        this.#expectAuth = (password) => this.#checkPassword(decoded(username), decoded(password));
        return '334 UGFzc3dvcmQ6';
      };
      await this.#send('334 VXNlcm5hbWU6');
      return;
    }
    if (mechanism === 'CRAM-MD5') {
      this.#expectAuth = (answer) => this.#checkDigest(decoded(answer));
      await this.#send(`334 ${Buffer.from(CHALLENGE).toString('base64')}`);
      return;
    }
    const [, username, password] = decoded(initial ?? '').split('\0');
    await this.#reply('auth', this.#checkPassword(username ?? '', password ?? ''));
  }

  #checkPassword(username: string, password: string): string {
    const { auth } = this.#options;
    this.#authenticated = username === auth?.username && password === auth.password;
    return this.#authenticated ? '235 2.7.0 welcome' : '535 5.7.8 bad credentials';
  }

  /** RFC 2195: the user name, a space, and the keyed digest of the challenge. */
  #checkDigest(answer: string): string {
    const { username, password } = this.#options.auth ?? { username: '', password: '' };
    const digest = createHmac('md5', password).update(CHALLENGE).digest('hex');
    const isRight = answer === `${username} ${digest}`;
    return this.#checkPassword(username, isRight ? password : '');
  }

  async #mail(line: string): Promise<void> {
    this.#transactions += 1;
    const [, mailFrom = '', mailOptions = ''] = /^MAIL FROM:<([^>]*)> ?(.*)$/i.exec(line) ?? [];
    let usual = '250 2.1.0 ok';
    if (this.#envelope !== null) usual = '503 5.5.1 nested MAIL';
    else if (this.#options.auth && !this.#authenticated) usual = '530 5.7.0 log in first';
    if (await this.#reply('mail', usual, mailFrom)) {
      this.#envelope = { mailFrom, mailOptions, recipients: [], asked: 0 };
    }
  }

  async #rcpt(line: string): Promise<void> {
    const address = /^RCPT TO:<(.*)>/i.exec(line)?.[1] ?? '';
    if (this.#envelope === null) {
      await this.#send('503 5.5.1 MAIL first');
      return;
    }
    this.#envelope.asked += 1;
    if (await this.#reply('rcpt', '250 2.1.5 ok', address)) {
      this.#envelope.recipients.push(address);
    }
  }

  async #data(): Promise<void> {
    const usual =
      (this.#envelope?.recipients.length ?? 0) > 0
        ? '354 go ahead'
        : '554 5.5.1 no valid recipients';
    if (await this.#reply('data', usual)) this.#content = new DotDecoder();
  }

  async #takeContent(content: DotDecoder): Promise<boolean> {
    if (this.#input.length === 0) return false;
    const block = this.#input;
    this.#input = Buffer.alloc(0);
    const refusal = this.#options.replies?.('block', this.#moment('')) ?? '';
    this.#discarding ||= /^[45]|nonsense/.test(refusal);
    if (refusal !== '') await this.#reply('block', refusal);
    if (this.#deaf || this.#socket.destroyed) return false;
    const rest = content.push(block);
    if (rest === null) return true;
    this.#input = Buffer.concat([rest, this.#input]);
    this.#content = null;
    await this.#finish(content.content());
    return true;
  }

  async #finish(data: Buffer): Promise<void> {
    const envelope = this.#envelope;
    if (envelope === null) return;
    const usual = '250 2.0.0 accepted';
    const taken: string[] = [];
    if (this.#options.lmtp === true) {
      for (const address of envelope.recipients) {
        if (await this.#reply('content', usual, address)) taken.push(address);
      }
    } else if (await this.#reply('content', usual)) {
      taken.push(...envelope.recipients);
    }
    this.#envelope = null;
    const isDiscarded = this.#discarding;
    this.#discarding = false;
    if (taken.length === 0 || isDiscarded) return;
    const { mailFrom, mailOptions } = envelope;
    const session = this.#context.number;
    this.#context.received.push({
      ...{ session, mailFrom, mailOptions, data },
      recipients: taken,
      secure: this.#secure,
    });
  }

  #moment(address: string): SmtpMoment {
    return {
      session: this.#context.number,
      transaction: this.#transactions,
      address,
      recipient: this.#envelope?.asked ?? 0,
    };
  }

  /** Gives the scripted reply, else the usual one. @returns whether it was a yes: 2xx or 3xx */
  async #reply(stage: SmtpStage, usual: string, address = ''): Promise<boolean> {
    const reply = this.#scripted(stage, address) ?? usual;
    if (this.#deaf || (this.#socket.destroyed && !this.#losing)) return false;
    switch (reply) {
      case 'drop':
        this.#socket.destroy();
        return false;
      case 'lose':
        this.#losing = true;
        this.#socket.destroy();
        return true;
      case 'hang':
        this.#deaf = true;
        return false;
      case 'split':
        await this.#sendOctets(usual);
        return /^[23]/.test(usual);
      case '':
        return false;
      default:
        await this.#send(reply);
        return /^[23]/.test(reply);
    }
  }

  /** What is scripted for a block was asked for when it came. */
  #scripted(stage: SmtpStage, address: string): ScriptedReply {
    return stage === 'block' ? undefined : this.#options.replies?.(stage, this.#moment(address));
  }

  /** Each octet in a packet of its own, as far as the sender can say. */
  async #sendOctets(reply: string): Promise<void> {
    for (const octet of Buffer.from(`${reply}\r\n`)) {
      if (this.#socket.writable) this.#socket.write(Buffer.of(octet));
      await pause(0);
    }
  }

  async #send(reply: string): Promise<void> {
    if (this.#options.delayMs !== undefined) await pause(this.#options.delayMs);
    if (this.#socket.writable) this.#socket.write(`${reply}\r\n`, 'utf8');
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
