import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { InHand } from '../../shared/ledger/in-hand.ts';
import { parseKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';

const SHA256_DIGITS = 64;

/**
 * An empty file a message in hand. Not synced: it has to outlive this process, and after a power loss nobody suspects
 * a message.
 */
export function inHandFiles(folder: string): InHand {
  return {
    begun: (key) => {
      writeFileSync(join(folder, fileOf(key)), '', { mode: 0o600 });
    },
    ended: (key) => {
      rmSync(join(folder, fileOf(key)), { force: true });
    },
  };
}

/** What the dead owner of the folder had in hand (`MessageKey` by `formatKey`); forgotten with this reading. */
export function takeInHand(folder: string): ReadonlySet<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = readdirSync(folder);
  for (const name of names) rmSync(join(folder, name), { recursive: true, force: true });
  return new Set(names.map(keyOf).filter((key) => parseKey(key) !== null));
}

function fileOf(key: MessageKey): string {
  return `${key.mailbox}.${key.sha256}`;
}

function keyOf(name: string): string {
  const cut = name.length - SHA256_DIGITS;
  return `${name.slice(0, Math.max(cut - 1, 0))}/${name.slice(cut)}`;
}
