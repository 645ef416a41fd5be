import type { Attributes, ItemKey } from './dynamo-table.ts';

/** The newest are kept: what one message or one run has just read or written, and changes next. */
const MAX_ITEMS = 128;
/** Larger ones are few, and would fill the memory of a function. Octets, about. */
const MAX_OCTETS = 16_384;

/**
 * Items as this process last saw them; null: there was none. They may be old, so that they serve one thing alone: a write
 * on condition that the item is still the same, which saves the read before it.
 */
export class KnownItems {
  readonly #items = new Map<string, Attributes | null>();

  /** Undefined: not known. Whoever asks has to say anew what became of it. */
  take(key: ItemKey): Attributes | null | undefined {
    const name = nameOf(key);
    const item = this.#items.get(name);
    this.#items.delete(name);
    return item;
  }

  note(key: ItemKey, item: Attributes | null): void {
    const name = nameOf(key);
    this.#items.delete(name);
    if ((item?.['r']?.S?.length ?? 0) > MAX_OCTETS) return;
    this.#items.set(name, item);
    if (this.#items.size <= MAX_ITEMS) return;
    // A Map keeps them in the order in which they came.
    const [oldest] = this.#items.keys();
    if (oldest !== undefined) this.#items.delete(oldest);
  }
}

function nameOf({ pk, sk }: ItemKey): string {
  return JSON.stringify([pk, sk]);
}
