import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { decide } from '../shared/routing/decide.ts';
import type { Decision } from '../shared/routing/decision.ts';
import { heldDecision } from '../shared/routing/held.ts';
import type { Mailbox, Settings } from '../shared/settings/settings.ts';
import { yamlSettings } from '../shared/settings/yaml-source.ts';
import type { Context } from './context.ts';
import { UsageError } from './exit-status.ts';

/** Shown where the message's own digest would stand: explaining identifies nothing. */
const NO_DIGEST = '0'.repeat(64);

/** Decides as route would, with the configuration as it is now, and keeps nothing. */
export class Explainer {
  readonly settings: Settings;
  readonly #loopKey: Buffer;

  private constructor(settings: Settings, loopKey: Buffer) {
    this.settings = settings;
    this.#loopKey = loopKey;
  }

  static async for(context: Context): Promise<Explainer> {
    const memory = { load: () => Promise.resolve(null), store: () => Promise.resolve() };
    const settings = await yamlSettings({ file: context.options.config, memory }).read();
    return new Explainer(settings, await loopKeyOf(context.options.data));
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
      loopKey: this.#loopKey,
      hostName: hostname(),
      now: Date.now(),
    }).decision;
  }
}

/** The connector's own key, so that its loops are seen here too; before its first start there is none to see. */
async function loopKeyOf(folder: string): Promise<Buffer> {
  try {
    return Buffer.from((await readFile(join(folder, 'loop.key'), 'utf8')).trim(), 'hex');
  } catch {
    return randomBytes(32);
  }
}
