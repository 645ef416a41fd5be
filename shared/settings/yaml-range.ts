import { isAlias, isCollection, isMap, isNode, isPair, isScalar } from 'yaml';
import type { Document, Node, Pair, YAMLMap } from 'yaml';

import type { Place } from './problem.ts';

/** An entry whose parts stand in the text themselves. */
export type PlainPair = Pair<Node, Node | null>;

export interface Found {
  /** The innermost block on the way; null: the document is empty. */
  readonly map: YAMLMap | null;
  /** The entry at the place, or the one above it that holds nothing; null: there is none. */
  readonly pair: PlainPair | null;
  /** The steps that are not there yet. */
  readonly rest: Place;
}

/** @returns null for what only the parser can change (lists, aliases) */
export function lookUp(document: Document, place: Place): Found | null {
  const { contents } = document;
  if (contents === null) return { map: null, pair: null, rest: place };
  if (!isMap(contents)) return null;
  let map: YAMLMap = contents;
  for (const [at, step] of place.entries()) {
    const pair = map.items.find(({ key }) => isScalar(key) && key.value === step);
    if (pair === undefined) return { map, pair: null, rest: place.slice(at) };
    if (!isPlainPair(pair)) return null;
    const isLast = at === place.length - 1;
    if (isLast || isEmpty(pair.value)) return { map, pair, rest: place.slice(at + 1) };
    if (!isMap(pair.value)) return null;
    map = pair.value;
  }
  return null;
}

export function isPlainPair(pair: Pair): pair is PlainPair {
  const { key, value } = pair;
  return isPair(pair) && isNode(key) && (value === null || (isNode(value) && !isAlias(value)));
}

/** Nothing, or `{}`. */
function isEmpty(value: Node | null): boolean {
  if (value === null) return true;
  return (isScalar(value) && value.value === null) || (isMap(value) && value.items.length === 0);
}

export function isBlockCollection(node: Node): boolean {
  return isCollection(node) && node.flow !== true;
}

/** `key:` with nothing behind it. */
export function isEmptyText(node: Node): boolean {
  const [start, end] = rangeOf(node);
  return start === end;
}

export function rangeOf(node: Node): readonly [number, number] {
  const [start, end] = node.range ?? [0, 0];
  return [start, end];
}

/** Behind the last octet of what a pair says; comments behind it are not part of it. */
export function pairEnd(text: string, { key, value }: PlainPair): number {
  if (value !== null && !isEmptyText(value)) return contentEnd(value);
  return colonAfter(text, key) ?? rangeOf(key)[1];
}

export function contentEnd(node: Node): number {
  if (!isBlockCollection(node) || !isCollection(node)) return rangeOf(node)[1];
  const last = node.items.at(-1);
  if (isPair(last) && isPlainPair(last)) {
    const { key, value } = last;
    return value === null || isEmptyText(value) ? rangeOf(key)[1] + 1 : contentEnd(value);
  }
  return isNode(last) ? contentEnd(last) : rangeOf(node)[1];
}

/** Behind the colon of a key; null where it does not follow at once. */
export function colonAfter(text: string, key: Node): number | null {
  const [, end] = rangeOf(key);
  const [space = ''] = /^ */.exec(text.slice(end)) ?? [];
  return text[end + space.length] === ':' ? end + space.length + 1 : null;
}

export function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** Before the line end. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  if (end === -1) return text.length;
  return text[end - 1] === '\r' && end > at ? end - 1 : end;
}
