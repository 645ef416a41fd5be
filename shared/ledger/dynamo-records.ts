import { Failure } from '../failure.ts';
import type { KnownItems } from './dynamo-known-items.ts';
import type { Attributes, DynamoTable, ItemKey } from './dynamo-table.ts';
import type { Transition } from './ledger.ts';

/** How a record is written as one text. */
export interface RecordForm<Stored> {
  /** What a failure calls it. */
  readonly name: string;
  encode(record: Stored): string;
  /** @throws what JSON.parse or a schema throws when another version of the program wrote something else */
  decode(text: string, attributes: Attributes): Stored;
  /** What stands beside the text, so that an index can be made of it. */
  attributes?(record: Stored): Attributes;
  /**
   * When the service may drop it, milliseconds since the epoch; null: never. No such method: never. The service is
   * hours late, so nothing may depend on a record's being gone.
   */
  expiresAt?(record: Stored): Promise<number | null>;
}

/** Octets of a record's text: DynamoDB refuses items above 400 KiB, and names and keys count as well. */
const MAX_RECORD_OCTETS = 350_000;

/** Two dozen that race for one item all get through; more than that is a fault and no race. */
const ROUNDS = 40;

/** @returns null where there is no item */
export async function readRecord<Stored>(
  table: DynamoTable,
  key: ItemKey,
  form: RecordForm<Stored>,
): Promise<Stored | null> {
  const item = await table.get(key);
  return item === null ? null : decodeItem(table, key, item, form);
}

/**
 * Read, transition, write on condition that the version is still the one that was read; when somebody else was
 * faster, all of it again. The SDK may send a write twice (the answer to the first was lost): then the transition
 * runs on its own result, which transitions bear.
 * @param known spares the first read where this process has just seen the item. What it says is believed only with a
 * write whose condition proves it: an answer without a write comes from the table
 * @throws Failure `ledger`, permanent when the record has grown beyond what one item holds
 */
export async function changeRecord<Stored, Answer>(
  table: DynamoTable,
  key: ItemKey,
  form: RecordForm<Stored>,
  transition: Transition<Stored, Answer>,
  known?: KnownItems,
): Promise<Answer> {
  const change = (item: Attributes | null) =>
    changed(table, key, form, { item, transition, known });
  const seen = known?.take(key);
  if (seen !== undefined) {
    const { answer, end } = await change(seen);
    if (end === 'written') return answer;
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round > 0) await table.pause(round);
    const { answer, end } = await change(await table.get(key));
    if (end !== 'refused') return answer;
  }
  throw table.faultIn(key, 'to change it before somebody else did', `${ROUNDS} lost races`);
}

interface Change<Stored, Answer> {
  readonly item: Attributes | null;
  readonly transition: Transition<Stored, Answer>;
  readonly known: KnownItems | undefined;
}

async function changed<Stored, Answer>(
  table: DynamoTable,
  key: ItemKey,
  form: RecordForm<Stored>,
  { item, transition, known }: Change<Stored, Answer>,
): Promise<{ readonly answer: Answer; readonly end: 'unchanged' | 'written' | 'refused' }> {
  const { store, answer } = transition(item === null ? null : decodeItem(table, key, item, form));
  if (store === null) return { answer, end: 'unchanged' };
  const text = form.encode(store);
  checkSize(form.name, key, text);
  const version = item === null ? null : versionOf(table, key, item);
  const expiresAt = (await form.expiresAt?.(store)) ?? null;
  const record = { ...form.attributes?.(store), r: { S: text }, ...expiry(expiresAt) };
  const attributes = { ...record, version: { N: String((version ?? 0) + 1) } };
  if (!(await putVersion(table, key, attributes, version))) return { answer, end: 'refused' };
  known?.note(key, attributes);
  return { answer, end: 'written' };
}

/** @param version the one that was read; null: there was no item */
async function putVersion(
  table: DynamoTable,
  key: ItemKey,
  attributes: Attributes,
  version: number | null,
): Promise<boolean> {
  const condition =
    version === null
      ? { expression: 'attribute_not_exists(pk)' }
      : { expression: 'version = :read', values: { ':read': { N: String(version) } } };
  return (await table.put(key, attributes, condition)).kind === 'written';
}

/** The attribute by which a table expires its items: whole seconds. @param at milliseconds; null: it stays */
export function expiry(at: number | null): Attributes {
  return at === null ? {} : { expiresAt: { N: String(Math.ceil(at / 1000)) } };
}

function versionOf(table: DynamoTable, key: ItemKey, item: Attributes): number {
  const version = Number(item['version']?.N);
  if (!Number.isSafeInteger(version)) throw table.faultIn(key, 'a version number', 'none');
  return version;
}

export function decodeItem<Stored>(
  table: DynamoTable,
  key: ItemKey,
  item: Attributes,
  form: RecordForm<Stored>,
): Stored {
  const text = item['r']?.S;
  if (text === undefined) throw table.faultIn(key, `a ${form.name}`, 'none');
  try {
    return form.decode(text, item);
  } catch {
    // Temporary: while a deployment goes on, the newer version may have written it. Its text is not quoted.
    throw table.faultIn(key, `a ${form.name} as this version writes it`, 'another form');
  }
}

function checkSize(name: string, key: ItemKey, text: string): void {
  const octets = Buffer.byteLength(text);
  if (octets <= MAX_RECORD_OCTETS) return;
  throw new Failure(
    'ledger',
    'permanent',
    `expected the ${name} of ${key.pk} ${key.sk} to have at most ${MAX_RECORD_OCTETS} octets, which one ledger item holds, got ${octets}`,
  );
}
