import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { formatKey, parseKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Area, ArrivalMetadata, MailStore } from '../../shared/store/mail-store.ts';

interface Stored {
  readonly content: Buffer;
  readonly metadata: ArrivalMetadata;
}

/** A mail store in memory, for tests of what others do with one; not for what a store has to keep. */
export class MemoryMailStore implements MailStore {
  readonly areas: Readonly<Record<Area, Map<string, Stored>>> = {
    Incoming: new Map(),
    Failed: new Map(),
  };

  async create(
    key: MessageKey,
    message: { content(): Readable },
    metadata: ArrivalMetadata,
  ): Promise<'created' | 'exists'> {
    const content = await buffer(message.content());
    const name = formatKey(key);
    if (this.areas.Incoming.has(name)) return 'exists';
    this.areas.Incoming.set(name, { content, metadata });
    return 'created';
  }

  open(key: MessageKey, length = Infinity) {
    for (const area of ['Incoming', 'Failed'] as const) {
      const stored = this.areas[area].get(formatKey(key));
      if (stored === undefined) continue;
      const content = Readable.from([stored.content.subarray(0, length)], { objectMode: false });
      return Promise.resolve({ area, metadata: stored.metadata, content });
    }
    return Promise.resolve(null);
  }

  find(key: MessageKey) {
    const area = (['Incoming', 'Failed'] as const).find((one) =>
      this.areas[one].has(formatKey(key)),
    );
    return Promise.resolve(area === undefined ? null : { area, storedAt: 0 });
  }

  park(key: MessageKey): Promise<void> {
    const stored = this.areas.Incoming.get(formatKey(key));
    if (stored !== undefined) this.areas.Failed.set(formatKey(key), stored);
    return Promise.resolve();
  }

  report(): Promise<null> {
    return Promise.resolve(null);
  }

  remove(area: Area, key: MessageKey): Promise<void> {
    this.areas[area].delete(formatKey(key));
    return Promise.resolve();
  }

  async *listReports() {
    // None is kept.
  }

  async *list(area: Area) {
    for (const name of [...this.areas[area].keys()]) {
      const key = parseKey(name);
      if (key !== null) yield await Promise.resolve({ key, storedAt: 0 });
    }
  }
}
