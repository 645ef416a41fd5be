import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { readHeader } from '../functions/route/read-header.ts';
import { MAX_HEADER_OCTETS, splitHeader } from '../shared/mail/header-block.ts';
import type { MessageItem } from '../shared/ledger/message-item.ts';
import { formatKey } from '../shared/mail/message-key.ts';
import type { MessageKey } from '../shared/mail/message-key.ts';
import type { AccessTokens } from '../shared/oauth/access-tokens.ts';
import { decide } from '../shared/routing/decide.ts';
import type { Decision } from '../shared/routing/decision.ts';
import { heldDecision } from '../shared/routing/held.ts';
import type { Mailbox, Secrets, Settings } from '../shared/settings/settings.ts';
import { yamlSettings } from '../shared/settings/yaml-source.ts';
import type { Context } from './context.ts';
import type { Deployment } from './deployment/deployment.ts';
import { UsageError } from './exit-status.ts';
import { findRecorded, findStored, readStart } from './stored-message.ts';

/** Shown where the message's own digest would stand: explaining identifies nothing. */
const NO_DIGEST = '0'.repeat(64);

/** What an explanation goes by: this machine's configuration and mail, or a deployment's. */
interface ExplainerSource {
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly tokens: AccessTokens;
  readonly loopKey: Buffer;
  /** The header block of a message in the store (null: longer than the limit); null where the store has none. */
  readonly storedHeader: (key: MessageKey) => Promise<{ readonly header: Buffer | null } | null>;
  /** What the ledger keeps of a message; null: nothing. */
  readonly recorded: (key: MessageKey) => Promise<MessageItem | null>;
}

/** Decides as route would, with the configuration as it is now, and keeps nothing. */
export class Explainer {
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly tokens: AccessTokens;
  readonly #source: ExplainerSource;

  private constructor(source: ExplainerSource) {
    this.settings = source.settings;
    this.secrets = source.secrets;
    this.tokens = source.tokens;
    this.#source = source;
  }

  static async for(context: Context): Promise<Explainer> {
    const { config, data } = context.options;
    const memory = { load: () => Promise.resolve(null), store: () => Promise.resolve() };
    return new Explainer({
      settings: await yamlSettings({ file: config, memory }).read(),
      secrets: context.secrets,
      tokens: context.tokens,
      loopKey: await loopKeyOf(data),
      storedHeader: async (key) => {
        const file = await findStored(data, key);
        return file === null ? null : { header: await headerOfFile(file) };
      },
      recorded: (key) => findRecorded(data, key),
    });
  }

  static async on({ deps }: Deployment): Promise<Explainer> {
    const loopKey = await deps.secrets.read({ kind: 'named', name: 'mailferry-loop' });
    return new Explainer({
      settings: await deps.settings.read(),
      secrets: deps.secrets,
      tokens: deps.tokens,
      loopKey: Buffer.from(loopKey, 'hex'),
      storedHeader: (key) => readHeader(deps.store, key),
      recorded: async (key) => (await deps.messages.find([key])).get(formatKey(key)) ?? null,
    });
  }

  /** @throws UsageError when the mailbox is not in the configuration */
  mailbox(id: string): Mailbox {
    const mailbox = this.settings.mailboxes.get(id);
    if (mailbox !== undefined) return mailbox;
    const known = [...this.settings.mailboxes.keys()].join(', ');
    throw new UsageError(`--mailbox: expected one of ${known}; got ${id}`);
  }

  /** @param header null when it is longer than the limit */
  decide(id: string, header: Buffer | null): Decision {
    const mailbox = this.mailbox(id);
    if (header === null) return heldDecision('the header block is longer than 8 MiB').decision;
    return decide({
      header,
      key: { mailbox: id, sha256: NO_DIGEST },
      bodyDigest: NO_DIGEST,
      mailbox,
      general: this.settings.general,
      loopKey: this.#source.loopKey,
      hostName: hostname(),
      now: Date.now(),
    }).decision;
  }

  /** @returns null where the store has no such message, or the configuration not its mailbox */
  async decideStored(key: MessageKey): Promise<Decision | null> {
    if (!this.settings.mailboxes.has(key.mailbox)) return null;
    const stored = await this.#source.storedHeader(key);
    return stored === null ? null : this.decide(key.mailbox, stored.header);
  }

  /** @returns the decision as it was taken, and when; null where there is none yet */
  async recorded(key: MessageKey): Promise<RecordedDecision | null> {
    const item = await this.#source.recorded(key);
    if (item?.decision == null) return null;
    return { decision: item.decision, decidedAt: item.decidedAt };
  }
}

export interface RecordedDecision {
  readonly decision: Decision;
  /** Milliseconds since the epoch. */
  readonly decidedAt: number | null;
}

/** @returns null when the header block is longer than the limit */
export async function headerOfFile(file: string): Promise<Buffer | null> {
  const start = await readStart(file, MAX_HEADER_OCTETS + 1);
  return splitHeader(start.octets, start.complete)?.header ?? null;
}

/** The connector's own key, so that its loops are seen here too; before its first start there is none to see. */
async function loopKeyOf(folder: string): Promise<Buffer> {
  try {
    return Buffer.from((await readFile(join(folder, 'loop.key'), 'utf8')).trim(), 'hex');
  } catch {
    return randomBytes(32);
  }
}
