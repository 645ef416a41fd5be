import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import type { NewToken } from '../clock.ts';
import { isRotatedFrom } from '../oauth/ssm-refresh-tokens.ts';
import { LOOP_SECRET, parametersToDocument, plainValue, treeValues } from './ssm-document.ts';
import type { TreeDocument, TreeValue } from './ssm-document.ts';
import { deleteParameters, readBranch, rootOf, writeParameter } from './ssm-parameters.ts';
import type { SsmStage } from './ssm-parameters.ts';
import { joinParts, splitValue } from './ssm-parts.ts';
import { readSecretValue } from './ssm-secrets.ts';

export interface Configuration {
  /** Plain data as YAML gives it, checked. */
  readonly document: unknown;
  /** Values of the named secrets that are at hand; the tree keeps its own for the others. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Names below `/mailferry/<stage>/`, in order; never a value. */
export interface TreeDifference {
  /** Not in the tree yet. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  /** In the tree, and not in the configuration: a push removes them. Secrets are never among them. */
  readonly removed: readonly string[];
}

/** What a push would do. JSON that differs in its spelling alone is the same. */
export async function diffTree(
  place: SsmStage,
  configuration: Configuration,
): Promise<TreeDifference> {
  const wanted = treeValues(configuration.document, configuration.secrets);
  const { difference } = await compare(place, wanted);
  return difference;
}

/**
 * Writes what differs, and removes what the configuration no longer has. Secrets come first, so that no setting names
 * one that is not there yet; a push that broke off is finished by the next. Makes the loop marker's key when there is
 * none, and never overwrites it: all markers on their way would become a stranger's.
 *
 * @param newLoopKey 64 hex digits
 * @returns what it did
 */
export async function pushTree(
  place: SsmStage,
  configuration: Configuration,
  newLoopKey: NewToken = randomLoopKey,
): Promise<TreeDifference> {
  const wanted = treeValues(configuration.document, configuration.secrets);
  const { difference, stored } = await compare(place, wanted);
  await makeLoopKey(place, newLoopKey);
  for (const name of [...difference.added, ...difference.changed]) {
    const value = wanted.get(name);
    if (value !== undefined) await writeValue(place, name, value, stored);
  }
  const gone = new Set(difference.removed);
  await deleteParameters(
    place,
    stored.filter((name) => gone.has(wholeName(name))),
  );
  return difference;
}

/** What one command changes, whatever stands beside it. Names below `/mailferry/<stage>/`. */
export interface TreeChange {
  /** Values of secrets by their names. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Plain data by the name of its value: `mailboxes/sales`, `settings/general`. */
  readonly written: ReadonlyMap<string, unknown>;
  readonly removed: readonly string[];
}

/** Writes secrets first, so that no setting names one that is not there yet. */
export async function changeTree(
  place: SsmStage,
  { secrets, written, removed }: TreeChange,
  newLoopKey: NewToken = randomLoopKey,
): Promise<void> {
  const stored = (await readPlain(place)).map(({ name }) => name);
  await makeLoopKey(place, newLoopKey);
  for (const [name, value] of secrets) {
    await writeValue(place, `secrets/${name}`, { value, secret: true }, stored);
  }
  for (const [name, value] of written) await writeValue(place, name, plainValue(value), stored);
  await deleteParameters(
    place,
    stored.filter((name) => removed.includes(wholeName(name))),
  );
}

/** The tree as a configuration document; secrets are `{ secret: name }`. */
export async function pullTree(place: SsmStage): Promise<TreeDocument> {
  const parameters = await readPlain(place);
  return parametersToDocument(parameters, rootOf(place.stage));
}

function randomLoopKey(): string {
  return randomBytes(32).toString('hex');
}

/** Never overwritten: all markers on their way would become a stranger's. */
async function makeLoopKey(place: SsmStage, newLoopKey: NewToken): Promise<void> {
  const loopKey = { name: `secrets/${LOOP_SECRET}`, value: newLoopKey(), secret: true };
  await writeParameter(place, loopKey, false);
}

interface Comparison {
  readonly difference: TreeDifference;
  /** Names of all parameters below `settings` and `mailboxes`, continuing parts included. */
  readonly stored: readonly string[];
}

async function compare(
  place: SsmStage,
  wanted: ReadonlyMap<string, TreeValue>,
): Promise<Comparison> {
  const parameters = await readPlain(place);
  const there = joinParts(parameters);
  const added: string[] = [];
  const changed: string[] = [];
  for (const [name, { value, secret }] of wanted) {
    const present = secret
      ? await readSecretValue(place, name.slice('secrets/'.length))
      : (there.get(name) ?? null);
    if (present === null) added.push(name);
    else if (secret ? await isOther(place, name, value, present) : !isSameJson(present, value)) {
      changed.push(name);
    }
  }
  const removed = [...there.keys()].filter((name) => !wanted.has(name)).sort();
  return { difference: { added, changed, removed }, stored: parameters.map(({ name }) => name) };
}

/** A refresh token that its provider replaced since the push is not the configuration's to bring back. */
async function isOther(
  place: SsmStage,
  name: string,
  value: string,
  present: string,
): Promise<boolean> {
  if (present === value) return false;
  return !(await isRotatedFrom(place, name.slice('secrets/'.length), value, present));
}

async function readPlain(place: SsmStage): Promise<readonly { name: string; value: string }[]> {
  const branches = await Promise.all([
    readBranch(place, 'settings'),
    readBranch(place, 'mailboxes'),
  ]);
  return branches.flatMap((branch) => [...branch].map(([name, value]) => ({ name, value })));
}

/** Parts that an earlier, longer value left behind are deleted: they would be joined to the new one. */
async function writeValue(
  place: SsmStage,
  name: string,
  { value, secret }: TreeValue,
  stored: readonly string[],
): Promise<void> {
  const parts = splitValue(value);
  const names = parts.map((_, at) => (at === 0 ? name : `${name}/${at + 1}`));
  for (const [at, part] of parts.entries()) {
    await writeParameter(place, { name: names[at] ?? name, value: part, secret }, true);
  }
  // The names of secrets are not listed; one part more than is there is all that the reader would come upon.
  const candidates = secret ? [`${name}/${parts.length + 1}`] : stored;
  await deleteParameters(
    place,
    candidates.filter((one) => wholeName(one) === name && !names.includes(one)),
  );
}

function wholeName(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}

function isSameJson(one: string, other: string): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(one), JSON.parse(other));
  } catch {
    return false;
  }
}
