import { isDeepStrictEqual } from 'node:util';

import { parseDocument } from 'yaml';

import { Failure } from '../failure.ts';
import type { Place } from './problem.ts';
import { formatPlace } from './problem.ts';
import { isBlock } from './schema-fields.ts';
import { readYaml } from './yaml-document.ts';
import type { YamlSchema } from './yaml-render.ts';
import { spliced } from './yaml-splice.ts';

/** What is to stand at a place of a document; undefined: nothing. */
export interface SettingChange {
  readonly place: Place;
  readonly value: unknown;
}

/**
 * Changes settings in the text of a YAML document and leaves every other octet of it: comments, order, indentation and
 * quotes are their author's. Where the text is written in a way that this cannot follow, the parser writes the document
 * anew, comments included.
 * @throws Failure `settings`, permanent, when the text is no sound YAML, or when what came out is not what was meant
 */
export function editYaml(
  text: string,
  changes: readonly SettingChange[],
  schema: YamlSchema = 'core',
): string {
  return changes.reduce((edited, change) => changed(edited, change, schema), text);
}

/** The same on plain data. */
export function withSetting(data: unknown, { place, value }: SettingChange): unknown {
  const [step, ...rest] = place;
  if (step === undefined) return value;
  const block = isBlock(data) ? data : {};
  if (value === undefined && !Object.hasOwn(block, step)) return data;
  const inner = withSetting(block[step], { place: rest, value });
  if (inner !== undefined) return { ...block, [step]: inner };
  return Object.fromEntries(Object.entries(block).filter(([key]) => key !== String(step)));
}

function changed(text: string, change: SettingChange, schema: YamlSchema): string {
  const data = dataOf(text, schema);
  const wanted = withSetting(data, change);
  if (isDeepStrictEqual(wanted, data)) return text;
  for (const edit of [spliced, rewritten]) {
    const result = edit(text, change, schema);
    if (result !== null && isMeant(dataOrNull(result, schema), wanted, change)) return result;
  }
  throw new Failure(
    'settings',
    'permanent',
    `${formatPlace(change.place)}: expected a file in which it can be changed, got one that has to be edited by hand`,
  );
}

/** A block of lines from which the last entry is gone holds nothing, which is null in YAML and `{}` in plain data. */
function isMeant(got: unknown, wanted: unknown, { place, value }: SettingChange): boolean {
  if (isDeepStrictEqual(got, wanted)) return true;
  if (value !== undefined || place.length < 2) return false;
  const emptied = withSetting(wanted, { place: place.slice(0, -1), value: null });
  return isDeepStrictEqual(got, emptied);
}

function dataOf(text: string, schema: YamlSchema): unknown {
  const { data, problems } = readYaml(text, 'the file', schema);
  if (problems.length === 0) return data ?? {};
  const [{ path, got } = { path: 'the file', got: 'something else' }] = problems;
  throw new Failure('settings', 'permanent', `${path}: expected YAML, got ${got}`);
}

function dataOrNull(text: string, schema: YamlSchema): unknown {
  const { data, problems } = readYaml(text, 'the file', schema);
  return problems.length === 0 ? (data ?? {}) : null;
}

/** The parser's own way: keeps comments, and its own taste for the rest. */
function rewritten(text: string, { place, value }: SettingChange, schema: YamlSchema): string {
  const document = parseDocument(text, { schema });
  if (value === undefined) document.deleteIn(place);
  else document.setIn(place, document.createNode(value));
  return document.toString({ lineWidth: 0 });
}
