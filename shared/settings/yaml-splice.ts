import { parseDocument } from 'yaml';
import type { YAMLMap } from 'yaml';

import { isBlock } from './schema-fields.ts';
import type { SettingChange } from './yaml-edit.ts';
import {
  colonAfter,
  contentEnd,
  isBlockCollection,
  isEmptyText,
  isPlainPair,
  lineEnd,
  lineStart,
  lookUp,
  pairEnd,
  rangeOf,
} from './yaml-range.ts';
import type { PlainPair } from './yaml-range.ts';
import { blockLines, indentStep, Renderer } from './yaml-render.ts';
import type { YamlSchema } from './yaml-render.ts';

/**
 * Changes one setting in the text and leaves all else of it.
 * @returns null where the text is written in a way that this cannot follow; what comes back has to be read again and
 * compared with what was meant
 */
export function spliced(
  text: string,
  { place, value }: SettingChange,
  schema: YamlSchema,
): string | null {
  const document = parseDocument(text, { schema });
  const found = lookUp(document, place);
  if (found === null) return null;
  const { pair, map, rest } = found;
  const render = new Renderer(schema, text.includes('\r\n') ? '\r\n' : '\n');
  if (pair !== null && rest.length === 0) {
    return value === undefined ? removed(text, map, pair) : replaced(text, pair, value, render);
  }
  if (value === undefined) return text;
  // What stands above it does not stand there yet, or with nothing below it.
  const key = pair === null ? rest[0] : null;
  const whole = rest
    .slice(pair === null ? 1 : 0)
    .reduceRight<unknown>((inner, step) => ({ [step]: inner }), value);
  if (pair !== null) return opened(text, pair, whole, render);
  return typeof key === 'string' ? inserted(text, map, key, whole, render) : null;
}

function replaced(text: string, pair: PlainPair, value: unknown, render: Renderer): string | null {
  const { value: old } = pair;
  const rendered = render.inline(value);
  if (old !== null && !isEmptyText(old) && !isBlockCollection(old)) {
    const [start, end] = rangeOf(old);
    return `${text.slice(0, start)}${rendered}${text.slice(end)}`;
  }
  const colon = colonAfter(text, pair.key);
  if (colon === null) return null;
  const end = old === null || isEmptyText(old) ? colon : contentEnd(old);
  return `${text.slice(0, colon)} ${rendered}${text.slice(end)}`;
}

/** A block that holds nothing gets its first entry, below it where it is a block of lines. */
function opened(text: string, pair: PlainPair, value: unknown, render: Renderer): string | null {
  const line = lineStart(text, rangeOf(pair.key)[0]);
  const indent = text.slice(line, rangeOf(pair.key)[0]);
  const colon = colonAfter(text, pair.key);
  if (!/^ *$/.test(indent) || colon === null || !isBlock(value)) {
    return replaced(text, pair, value, render);
  }
  const end = pair.value === null || isEmptyText(pair.value) ? colon : rangeOf(pair.value)[1];
  const rest = lineEnd(text, end);
  const deeper = `${indent}${' '.repeat(indentStep(text))}`;
  const block = blockLines(value, deeper, indentStep(text), render);
  return `${text.slice(0, colon)}${text.slice(end, rest)}${render.lineEnd}${block.join(render.lineEnd)}${text.slice(rest)}`;
}

function inserted(
  text: string,
  map: YAMLMap | null,
  key: string,
  value: unknown,
  render: Renderer,
): string | null {
  if (map === null) {
    const block = blockLines({ [key]: value }, '', indentStep(text), render);
    const separator = text === '' || text.endsWith('\n') ? '' : render.lineEnd;
    return `${text}${separator}${block.join(render.lineEnd)}${render.lineEnd}`;
  }
  const last = map.items.at(-1);
  if (last === undefined || !isPlainPair(last)) return null;
  const end = pairEnd(text, last);
  if (map.flow === true) {
    return `${text.slice(0, end)}, ${render.key(key)}: ${render.inline(value)}${text.slice(end)}`;
  }
  const first = map.items[0];
  if (first === undefined || !isPlainPair(first)) return null;
  const start = rangeOf(first.key)[0];
  const indent = ' '.repeat(start - lineStart(text, start));
  const block = blockLines({ [key]: value }, indent, indentStep(text), render);
  const at = text[end - 1] === '\n' ? end : lineEnd(text, end);
  const before = text[at - 1] === '\n' ? '' : render.lineEnd;
  const after = before === '' ? render.lineEnd : '';
  return `${text.slice(0, at)}${before}${block.join(render.lineEnd)}${after}${text.slice(at)}`;
}

function removed(text: string, map: YAMLMap | null, pair: PlainPair): string | null {
  if (map === null) return null;
  if (map.flow === true) return removedFromFlow(text, map, pair);
  const start = lineStart(text, rangeOf(pair.key)[0]);
  if (!/^ *$/.test(text.slice(start, rangeOf(pair.key)[0]))) return null;
  const end = pairEnd(text, pair);
  const line = text[end - 1] === '\n' ? end : lineEnd(text, end);
  const next = text[line] === '\r' ? line + 2 : line + 1;
  return `${text.slice(0, start)}${text.slice(text[end - 1] === '\n' ? end : next)}`;
}

function removedFromFlow(text: string, map: YAMLMap, pair: PlainPair): string | null {
  const at = map.items.indexOf(pair);
  const [before, after] = [map.items[at - 1], map.items[at + 1]];
  const start = rangeOf(pair.key)[0];
  if (after !== undefined && isPlainPair(after)) {
    return `${text.slice(0, start)}${text.slice(rangeOf(after.key)[0])}`;
  }
  const end = pairEnd(text, pair);
  if (before !== undefined && isPlainPair(before)) {
    return `${text.slice(0, pairEnd(text, before))}${text.slice(end)}`;
  }
  return `${text.slice(0, start)}${text.slice(end)}`;
}
