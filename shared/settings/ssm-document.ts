import { createHash } from 'node:crypto';

import { Failure } from '../failure.ts';
import { isMailboxId } from '../mail/message-key.ts';
import { formatPlace, isSecretKey } from './problem.ts';
import type { Place } from './problem.ts';
import { isBlock, wrong } from './schema-fields.ts';
import { isSecretName, secretRef } from './schema-secret.ts';
import type { Problem } from './settings.ts';
import { joinParts, splitValue } from './ssm-parts.ts';

/** The loop marker's key: made at the first push, never written by one again. */
export const LOOP_SECRET = 'mailferry-loop';

export interface TreeParameter {
  /** Below `/mailferry/<stage>/`: `settings/general`, `mailboxes/sales`, `secrets/sales`, `settings/recipients/2`. */
  readonly name: string;
  readonly value: string;
  /** A SecureString, whose value is never shown. */
  readonly secret: boolean;
}

/** Parts of the general document that grow long, and have a parameter of their own. */
const PARTS = ['aliases', 'recipients'] as const;

/**
 * A configuration document (interfaces.md) as parameters of the standard tier.
 *
 * @param secrets values of named secrets; those that the document does not name are left out, and those that it names
 * and that are not given stay as they are in the tree
 * @throws Failure `settings`, permanent, for a document that is none; it is expected to have been checked
 */
export function documentToParameters(
  document: unknown,
  secrets: ReadonlyMap<string, string>,
): readonly TreeParameter[] {
  return [...treeValues(document, secrets)].flatMap(([name, { value, secret }]) =>
    splitValue(value).map((part, at) => ({
      name: at === 0 ? name : `${name}/${at + 1}`,
      value: part,
      secret,
    })),
  );
}

export interface TreeValue {
  readonly value: string;
  readonly secret: boolean;
}

/** The same, whole: values that are longer than one parameter are not cut yet. */
export function treeValues(
  document: unknown,
  secrets: ReadonlyMap<string, string>,
): ReadonlyMap<string, TreeValue> {
  if (!isBlock(document)) throw refusal('the configuration', 'a block of settings');
  const found = new SecretNames(document, secrets);
  const { mailboxes, ...rest } = found.withoutPlain(document) as Record<string, unknown>;
  const entries = mailboxes ?? {};
  if (!isBlock(entries)) throw refusal('mailboxes', 'a block of settings');
  const general = Object.entries(rest).filter(([key]) => !isPart(key));
  const values = new Map<string, TreeValue>();
  for (const [name, value] of found.given) values.set(`secrets/${name}`, { value, secret: true });
  values.set('settings/general', plainValue(Object.fromEntries(general)));
  for (const part of PARTS) {
    const value = rest[part];
    if (value !== undefined && value !== null) values.set(`settings/${part}`, plainValue(value));
  }
  for (const [id, entry] of Object.entries(entries)) {
    if (!isMailboxId(id)) throw refusal(`mailboxes.${id}`, 'the id of a mailbox');
    values.set(`mailboxes/${id}`, plainValue(entry));
  }
  return values;
}

function isPart(key: string): boolean {
  return PARTS.some((part) => part === key);
}

/** Plain data as a parameter holds it. */
export function plainValue(value: unknown): TreeValue {
  // SSM refuses `{{`, which stands for a reference to another parameter; in JSON it can only stand within a text.
  const json = JSON.stringify(value).replaceAll('{{', '{\\u007b');
  return { value: json, secret: false };
}

/** The secrets of one document: those it names, and those it holds, which get a name after their place. */
class SecretNames {
  /** Name to value. */
  readonly given = new Map<string, string>();
  readonly #values: ReadonlyMap<string, string>;
  readonly #taken: Set<string>;

  constructor(document: unknown, values: ReadonlyMap<string, string>) {
    this.#values = values;
    this.#taken = new Set([LOOP_SECRET, ...namedIn(document)]);
  }

  /** The same document with `{ secret: name }` in place of every plain secret. */
  withoutPlain(value: unknown, place: Place = []): unknown {
    if (Array.isArray(value)) {
      return value.map((item, at) => this.withoutPlain(item, [...place, at]));
    }
    if (!isBlock(value)) return value;
    const entries = Object.entries(value).map(([key, item]) => {
      const at = [...place, key];
      return [key, isSecretKey(key) ? this.#reference(item, at) : this.withoutPlain(item, at)];
    });
    return Object.fromEntries(entries) as unknown;
  }

  #reference(value: unknown, place: Place): unknown {
    if (value === null || value === undefined) return null;
    const ref = secretRef.safeParse(value);
    // Anything else may be a password in another form, and must not get into a parameter that is not encrypted.
    if (!ref.success) throw refusal(formatPlace(place), '{ secret: name } or a text in quotes');
    const name = ref.data.kind === 'named' ? ref.data.name : this.#newName(place);
    const known = ref.data.kind === 'plain' ? ref.data.value : this.#values.get(name);
    if (known !== undefined && name !== LOOP_SECRET) this.given.set(name, known);
    return { secret: name };
  }

  /** `mailbox-sales`: after the place, the same at every push of the same document. */
  #newName(place: Place): string {
    const steps = place.map((step) => (step === 'mailboxes' ? 'mailbox' : String(step)));
    const whole = (steps.at(-1) === 'password' ? steps.slice(0, -1) : steps).join('-');
    const digest = createHash('sha256').update(whole).digest('hex').slice(0, 16);
    const base = isSecretName(whole) ? whole : `secret-${digest}`;
    let name = base;
    for (let number = 2; this.#taken.has(name); number += 1) name = `${base}-${number}`;
    this.#taken.add(name);
    return name;
  }
}

function namedIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(namedIn);
  if (!isBlock(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    if (!isSecretKey(key)) return namedIn(item);
    const ref = secretRef.safeParse(item);
    return ref.success && ref.data.kind === 'named' ? [ref.data.name] : [];
  });
}

export interface TreeDocument {
  /** As YAML would give it; a mailbox that cannot be read is null. */
  readonly document: Readonly<Record<string, unknown>>;
  /** What makes the general part unusable. */
  readonly generalProblems: readonly Problem[];
  readonly brokenMailboxes: ReadonlyMap<string, Problem>;
  /** false: not one of the parameters is JSON. */
  readonly readable: boolean;
}

/**
 * Joins the parameters below `settings` and `mailboxes` to the document that they stand for; it holds no secret but
 * what somebody wrote plainly into them.
 *
 * @param root how problems call the tree, `/mailferry/prod`
 */
export function parametersToDocument(
  parameters: Iterable<Pick<TreeParameter, 'name' | 'value'>>,
  root: string,
): TreeDocument {
  const generalProblems: Problem[] = [];
  const brokenMailboxes = new Map<string, Problem>();
  const general: Record<string, unknown> = {};
  const mailboxes = new Map<string, unknown>();
  let readable = false;
  const values = joinParts(parameters);
  for (const name of [...values.keys()].sort()) {
    const [branch = '', id = ''] = name.split('/');
    const read = parseJson(values.get(name) ?? '');
    readable ||= read.isJson;
    if (branch === 'mailboxes') {
      mailboxes.set(id, read.data);
      if (!read.isJson) brokenMailboxes.set(id, notJson(['mailboxes', id], root, name));
    } else if (branch === 'settings') {
      if (!read.isJson) generalProblems.push(notJson(['settings', id], root, name));
      else generalProblems.push(...addSettings(general, id, read.data, `${root}/${name}`));
    }
  }
  const document = { ...general, mailboxes: Object.fromEntries(mailboxes) };
  return { document, generalProblems, brokenMailboxes, readable };
}

/** @param general what the parts before gave; `general` itself comes after `aliases` and before `recipients` */
function addSettings(
  general: Record<string, unknown>,
  part: string,
  data: unknown,
  path: string,
): readonly Problem[] {
  if (part === 'general') {
    if (!isBlock(data)) return [wrong(['settings', part], `a JSON object in ${path}`, data)];
    return Object.entries(data).flatMap(([key, value]) => addOnce(general, key, value, path));
  }
  if (isPart(part)) return addOnce(general, part, data, path);
  // Somebody meant something by it; silently unused it must not stay.
  const expected = `no parameter but general, ${PARTS.join(' and ')} there`;
  return [{ ...wrong(['settings', part], expected, undefined), got: path }];
}

/** Which of two would hold, nobody could say. */
function addOnce(
  general: Record<string, unknown>,
  key: string,
  value: unknown,
  path: string,
): readonly Problem[] {
  if (Object.hasOwn(general, key) || key === 'mailboxes') {
    const expected = `"${key}" in parameters of its own, or here alone`;
    return [{ ...wrong(['settings', key], expected, undefined), got: `another in ${path}` }];
  }
  general[key] = value;
  return [];
}

function parseJson(text: string): { readonly isJson: boolean; readonly data: unknown } {
  try {
    return { isJson: true, data: JSON.parse(text) as unknown };
  } catch {
    return { isJson: false, data: null };
  }
}

/** Nothing of the text is quoted: it may be a password in the wrong place. */
function notJson(place: Place, root: string, name: string): Problem {
  const expected = `JSON in the parameter ${root}/${name}`;
  return { ...wrong(place, expected, undefined), got: 'a text that is no JSON' };
}

function refusal(path: string, expected: string): Failure {
  return new Failure('settings', 'permanent', `${path}: expected ${expected}, got something else`);
}
