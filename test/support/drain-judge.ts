import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { sqliteLedger } from '../../shared/ledger/sqlite-ledger.ts';
import { parseKey } from '../../shared/mail/message-key.ts';
import { Database } from '../../shared/sqlite/database.ts';
import { bodyOctets, messageIdIn } from './drain-mail.ts';
import type { DrainMail } from './drain-mail.ts';
import type { ReceivedMail } from './smtp-script.ts';

/** What one round of a drain may have done to how many copies there are. */
export interface DrainRound {
  readonly received: readonly ReceivedMail[];
  /** Sessions that took a message and lost the reply. */
  readonly lost: ReadonlySet<number>;
  /** Messages that may have been between the server's reply and its record when the process died. */
  readonly underWay: number;
}

/**
 * Counts copies from outside, by what the mail server took, and holds the ledger against it: after each round every
 * copy is recorded as sent, but for those in the window that is stated. Whoever is recorded gets no further copy, and
 * nobody two in one round, but after a reply that was lost.
 */
export class DrainJudge {
  readonly faults: string[] = [];
  /** Copies that nobody could avoid. */
  inWindow = 0;
  readonly #byId: ReadonlyMap<string, DrainMail>;
  readonly #copies = new Map<string, number>();
  #recorded: ReadonlySet<string> = new Set();
  #seen = 0;

  constructor(mails: readonly DrainMail[]) {
    this.#byId = new Map(mails.map((mail) => [mail.messageId, mail]));
  }

  /** @param recorded `key recipient` of everybody whom the ledger has as sent */
  round({ received, lost, underWay }: DrainRound, recorded: ReadonlySet<string>): void {
    const unheard = new Set<string>();
    const heard = new Set<string>();
    const fresh = received.slice(this.#seen);
    for (const [at, one] of fresh.entries()) {
      const mail = this.#byId.get(messageIdIn(one.data));
      if (mail === undefined) continue;
      const isLast = !fresh.slice(at + 1).some(({ session }) => session === one.session);
      const isLost = isLast && lost.has(one.session);
      this.#look(one, mail, heard);
      const names = one.recipients.map((recipient) => `${mail.key} ${recipient}`);
      const open = names.filter((name) => !recorded.has(name));
      this.inWindow += open.length;
      if (isLost) continue;
      for (const name of names) heard.add(name);
      if (open.length > 0) unheard.add(mail.key);
    }
    if (unheard.size > underWay) {
      this.faults.push(`${unheard.size} messages unrecorded, ${underWay} were under way`);
    }
    this.#seen = received.length;
    this.#recorded = recorded;
  }

  /** @param heard who was given a copy in this round, and its reply */
  #look({ data, recipients }: ReceivedMail, mail: DrainMail, heard: ReadonlySet<string>): void {
    if (!bodyOctets(data).equals(bodyOctets(mail.content))) {
      this.faults.push(`${mail.messageId}: its body arrived changed`);
    }
    for (const recipient of recipients) {
      const name = `${mail.key} ${recipient}`;
      this.#copies.set(name, (this.#copies.get(name) ?? 0) + 1);
      if (!mail.recipients.includes(recipient)) this.faults.push(`${name}: was not meant`);
      if (heard.has(name)) this.faults.push(`${name}: two copies in one round`);
      if (this.#recorded.has(name)) this.faults.push(`${name}: a copy after it was recorded`);
    }
  }

  /** Everybody has the message, or it lies in `Failed/` for him. */
  end(failed: ReadonlySet<string>): void {
    for (const { key, recipients } of this.#byId.values()) {
      for (const recipient of recipients) {
        const name = `${key} ${recipient}`;
        const copies = this.#copies.get(name) ?? 0;
        if (copies === 0 && !failed.has(name)) this.faults.push(`${name}: lost`);
        if (this.#recorded.has(name) && failed.has(name))
          this.faults.push(`${name}: sent and failed`);
      }
    }
  }

  get delivered(): number {
    return this.#copies.size;
  }
}

/** `key recipient` of everybody whom the embedded host's ledger has as sent. */
export async function recordedAsSent(
  dataFolder: string,
  mails: readonly DrainMail[],
): Promise<ReadonlySet<string>> {
  const file = join(dataFolder, 'mailferry.sqlite');
  if (!existsSync(file)) return new Set();
  const database = new Database(file);
  try {
    const keys = mails.flatMap(({ key }) => parseKey(key) ?? []);
    const items = await sqliteLedger(database).messages.find(keys);
    return sentIn(items);
  } finally {
    database.close();
  }
}

export function sentIn(items: ReadonlyMap<string, MessageItem>): ReadonlySet<string> {
  return new Set(
    [...items].flatMap(([key, item]) =>
      item.recipients.filter((one) => one.state === 'sent').map((one) => `${key} ${one.address}`),
    ),
  );
}

/** `key recipient` of everybody who failed, by the reports in `Failed/`; each has its message beside it. */
export function failedIn(dataFolder: string): ReadonlySet<string> {
  const root = join(dataFolder, 'Failed');
  if (!existsSync(root)) return new Set();
  const reports = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
  return new Set(
    reports.flatMap((name) => {
      const file = join(root, name);
      if (!existsSync(file.replace(/json$/, 'eml'))) return [];
      return failedOf(JSON.parse(readFileSync(file, 'utf8')));
    }),
  );
}

/** @param report as it lies in `Failed/` */
export function failedOf(report: unknown): readonly string[] {
  const { key, recipients } = report as {
    readonly key: string;
    readonly recipients: readonly { readonly address: string; readonly state: string }[];
  };
  return recipients.filter((one) => one.state === 'failed').map((one) => `${key} ${one.address}`);
}
