import type { Attributes } from './dynamo-table.ts';
import type { Trouble, UidlRecord, UidlState } from './uidl-record.ts';

/**
 * A UIDL record as attributes of a letter each: one is written for every message, and DynamoDB bills reads of a
 * partition by its octets. Left out is what has its usual value.
 *
 * s sha256 of a message taken; x the session that means to delete it; p shared; k another kind (`backlog`, `oversize`,
 * `untaken`); b header block of a backlog message read; d its date; m notice of an oversize one posted; z size;
 * h header digest; f first seen; t seen; g gone; e failures, a last of them, n next try, o notice posted.
 */
export function attributesOf(record: UidlRecord): Attributes {
  return defined({
    ...stateAttributes(record.state),
    z: number(record.size),
    h: record.headerDigest === null ? undefined : { S: record.headerDigest },
    f: record.firstSeenAt === record.seenAt ? undefined : number(record.firstSeenAt),
    t: number(record.seenAt),
    g: optional(record.goneAt),
    e: optional(record.trouble?.failures ?? null),
    a: optional(record.trouble?.at ?? null),
    n: optional(record.trouble?.nextTryAt ?? null),
    o: flag(record.trouble?.noticed === true),
  });
}

/** @returns null when it is not what {@link attributesOf} wrote */
export function recordIn(uidlHash: string, item: Attributes): UidlRecord | null {
  const state = stateIn(item);
  const size = numberIn(item, 'z');
  const seenAt = numberIn(item, 't');
  if (state === null || size === null || seenAt === null) return null;
  return {
    uidlHash,
    size,
    headerDigest: item['h']?.S ?? null,
    state,
    firstSeenAt: numberIn(item, 'f') ?? seenAt,
    seenAt,
    goneAt: numberIn(item, 'g'),
    trouble: troubleIn(item),
  };
}

function stateAttributes(state: UidlState): Record<string, Attributes[string] | undefined> {
  switch (state.kind) {
    case 'taken':
      return { s: { S: state.sha256 }, x: optional(state.deleIn), p: flag(state.shared) };
    case 'backlog':
      return { k: { S: state.kind }, b: flag(state.read), d: optional(state.date) };
    case 'oversize':
      return { k: { S: state.kind }, m: flag(state.noticed) };
    case 'untaken':
      return { k: { S: state.kind } };
  }
}

function stateIn(item: Attributes): UidlState | null {
  const sha256 = item['s']?.S;
  if (sha256 !== undefined) {
    // An older version wrote `true` for a DELE that it had sent, in no session that it named.
    const deleIn = item['x']?.BOOL === true ? 0 : numberIn(item, 'x');
    return { kind: 'taken', sha256, deleIn, shared: isSet(item, 'p') };
  }
  switch (item['k']?.S) {
    case 'backlog':
      return { kind: 'backlog', read: isSet(item, 'b'), date: numberIn(item, 'd') };
    case 'oversize':
      return { kind: 'oversize', noticed: isSet(item, 'm') };
    case 'untaken':
      return { kind: 'untaken' };
    default:
      return null;
  }
}

function troubleIn(item: Attributes): Trouble | null {
  const failures = numberIn(item, 'e');
  if (failures === null) return null;
  const at = numberIn(item, 'a') ?? 0;
  return { failures, at, nextTryAt: numberIn(item, 'n') ?? 0, noticed: isSet(item, 'o') };
}

function number(value: number): Attributes[string] {
  return { N: String(value) };
}

function optional(value: number | null): Attributes[string] | undefined {
  return value === null ? undefined : number(value);
}

function flag(value: boolean): Attributes[string] | undefined {
  return value ? { BOOL: true } : undefined;
}

function isSet(item: Attributes, name: string): boolean {
  return item[name]?.BOOL === true;
}

function numberIn(item: Attributes, name: string): number | null {
  const text = item[name]?.N;
  const value = Number(text);
  return text === undefined || !Number.isFinite(value) ? null : value;
}

function defined(attributes: Record<string, Attributes[string] | undefined>): Attributes {
  const entries = Object.entries(attributes);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, Attributes[string]] => entry[1] !== undefined),
  );
}
