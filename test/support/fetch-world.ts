import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';

import { fetchMailbox } from '../../functions/fetch/fetch-mailbox.ts';
import type { FetchDeps, FetchOutcome } from '../../functions/fetch/fetch-mailbox.ts';
import { decideOnce, isFinal } from '../../shared/ledger/message-transitions.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { sqliteLedger } from '../../shared/ledger/sqlite-ledger.ts';
import type { SqliteLedger } from '../../shared/ledger/sqlite-ledger.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { noAlarmTopic } from '../../shared/notice/alarm-topic.ts';
import { silentLog } from '../../shared/observe/pino-log.ts';
import type { Settings } from '../../shared/settings/settings.ts';
import { Database } from '../../shared/sqlite/database.ts';
import { createSpool } from '../../shared/store/spool-writer.ts';
import { CrashPlan } from './crash-plan.ts';
import { MemoryMailStore } from './memory-mail-store.ts';
import { decisionFor } from './message-items.ts';
import { configurationFor } from './provider-and-server.ts';
import type { Configuration } from './provider-and-server.ts';
import { SampleProvider } from './sample-maildrop.ts';
import { settingsOf } from './sample-settings.ts';
import { SetClock } from './set-clock.ts';
import { sha256Of } from './spooled-message.ts';

const MAILBOX = 'chris';

export interface FetchWorldOptions {
  /** Of the mailbox. */
  readonly keep?: string;
  readonly initial?: string;
  readonly limits?: Readonly<Record<string, unknown>>;
}

/** The ports of the ledger that fetch works with. */
type FetchLedger = Pick<SqliteLedger, 'mailboxes' | 'messages' | 'uidls'>;

/**
 * Fetch between a provider at its port and the ledger of the embedded host, in memory: histories of weeks in
 * milliseconds. Delivery is a mark in the ledger.
 */
export class FetchWorld {
  readonly provider = new SampleProvider();
  readonly clock = new SetClock();
  readonly store = new MemoryMailStore();
  readonly ledger = sqliteLedger(new Database(':memory:'));
  /** How often each message was handed on, by sha256. */
  readonly delivered = new Map<string, number>();
  /** Calls at ledger ports since the last {@link forgetCalls}. */
  readonly calls: string[] = [];
  #settings: Settings;
  #options: FetchWorldOptions;
  /** How often the host was told to make room. */
  madeRoom = 0;
  readonly #ports: FetchLedger;

  /** @param ports another ledger than that of the embedded host */
  constructor(options: FetchWorldOptions = {}, ports?: FetchLedger) {
    this.#options = options;
    this.#ports = ports ?? this.ledger;
    this.#settings = settingsFor(options);
  }

  get settings(): Settings {
    return this.#settings;
  }

  configure(options: FetchWorldOptions): void {
    this.#options = { ...this.#options, ...options };
    this.#settings = settingsFor(this.#options);
  }

  /** Another host or user under the same mailbox id. */
  useAccount(account: Readonly<Record<string, unknown>>): void {
    this.#settings = settingsFor(this.#options, account);
  }

  async fetch(plan = new CrashPlan(Infinity, 'before')): Promise<FetchOutcome | null> {
    const running = fetchMailbox(this.#deps(plan), MAILBOX, {
      closing: new AbortController().signal,
      deadline: null,
    });
    const outcome = await Promise.race([running, plan.died.then(() => null)]);
    await plan.settled();
    // What a new owner of the data folder does first.
    if (outcome === null) await this.ledger.releaseAll(new Set());
    return outcome;
  }

  forgetCalls(): void {
    this.calls.length = 0;
  }

  /** Brings messages in `Incoming/` to their end; notices stay. */
  async deliver(
    isChosen: (sha256: string) => boolean = () => true,
    state: 'sent' | 'failed' = 'sent',
  ): Promise<void> {
    for await (const { key } of this.store.list('Incoming')) {
      if (key.mailbox !== MAILBOX || !isChosen(key.sha256)) continue;
      await this.#ports.messages.change(key, decide(this.clock.now()));
      const item = await this.#ports.messages.change(key, end(state, this.clock.now()));
      if (state === 'failed') await this.store.park(key);
      if (item !== null) this.#note(key);
      await this.store.remove('Incoming', key);
    }
  }

  /** Whether a message is durable here: in the store, or at its end in the ledger. */
  isSafe(content: Buffer): boolean {
    const sha256 = sha256Of(content);
    return this.store.areas.Incoming.has(`${MAILBOX}/${sha256}`) || this.delivered.has(sha256);
  }

  deliveriesOf(content: Buffer): number {
    return this.delivered.get(sha256Of(content)) ?? 0;
  }

  async item(content: Buffer): Promise<MessageItem | null> {
    const key = { mailbox: MAILBOX, sha256: sha256Of(content) };
    return (await this.#ports.messages.find([key])).get(formatKey(key)) ?? null;
  }

  /** Their texts, headers included. */
  async notices(): Promise<string[]> {
    const texts: string[] = [];
    for await (const { key } of this.store.list('Incoming')) {
      if (key.mailbox !== '_notices') continue;
      const opened = await this.store.open(key);
      if (opened !== null) texts.push((await buffer(opened.content)).toString('latin1'));
    }
    return texts;
  }

  #note({ sha256 }: MessageKey): void {
    this.delivered.set(sha256, (this.delivered.get(sha256) ?? 0) + 1);
  }

  #deps(plan: CrashPlan): FetchDeps {
    const { clock, provider } = this;
    const ledger = this.#ports;
    const over = <Port extends object>(name: string, port: Port): Port =>
      plan.over(name, counted(port, name, this.calls));
    return {
      settings: { read: () => Promise.resolve(this.#settings) },
      secrets: { read: () => Promise.resolve('secret') },
      tokens: {
        token: () => Promise.reject(new Error('no token is needed here')),
        secretsOf: () => Promise.resolve([]),
      },
      opener: { open: async () => plan.over('maildrop', await provider.open()) },
      store: plan.over('store', this.store),
      mailboxes: over('mailboxes', ledger.mailboxes),
      messages: over('messages', ledger.messages),
      uidls: over('uidls', ledger.uidls),
      makeRoom: () => {
        this.madeRoom += 1;
      },
      newSpool: () => createSpool(tmpdir()),
      newToken: () => `run ${clock.now()} ${provider.sessions}`,
      random: () => 0.5,
      credentialsKey: () => Promise.resolve(Buffer.alloc(32)),
      hostName: 'connector.corp.example',
      alarms: noAlarmTopic,
      clock,
      log: silentLog,
    };
  }
}

function settingsFor(
  { keep = 'none', initial = 'all', limits }: FetchWorldOptions,
  account: Readonly<Record<string, unknown>> = {},
): Settings {
  const usual: Configuration = configurationFor([MAILBOX], 110, 25);
  const mailbox = { ...usual.mailboxes[MAILBOX], keep, initial, ...account };
  return settingsOf({ ...usual, mailboxes: { [MAILBOX]: mailbox }, ...(limits && { limits }) });
}

function counted<Port extends object>(port: Port, name: string, calls: string[]): Port {
  return new Proxy(port, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...words: unknown[]): unknown => {
        calls.push(`${name}.${String(property)}`);
        return Reflect.apply(value, target, words) as unknown;
      };
    },
  });
}

function decide(now: number) {
  return decideOnce(decisionFor(['chris@corp.example']), new Set(), { arrivedAt: now, now });
}

function end(state: 'sent' | 'failed', now: number) {
  return (item: MessageItem | null) => {
    if (item === null || isFinal(item)) return { store: null, answer: null };
    const recipients = item.recipients.map((one) => ({ ...one, state }));
    const store = { ...item, recipients, endedAt: now };
    return { store, answer: store };
  };
}

/** A message of just so many octets. */
export function sizedMessage(name: string, size: number): Buffer {
  const head = `From: ann@nwtraders.example\r\nSubject: ${name}\r\nMessage-ID: <${name}@x.example>\r\n\r\n`;
  return Buffer.from(head + 'x'.repeat(Math.max(0, size - head.length)));
}
