import { LineCounter, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import { wrong } from './schema-fields.ts';
import type { Problem } from './settings.ts';

/**
 * What the parser's codes mean. Its own messages are not used: they quote the text at fault, which may be a password.
 */
const FAULTS: Readonly<Record<string, string>> = {
  BAD_INDENT: 'a wrong indentation, or a bracket that is not closed',
  TAB_AS_INDENT: 'a tab as indentation',
  DUPLICATE_KEY: 'a key that stands there already',
  MISSING_CHAR: 'a missing bracket, quote, comma or space',
  BAD_SCALAR_START: 'a text that needs quotes',
  UNEXPECTED_TOKEN: 'something that does not belong there',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key: value" on the line, or a missing quote',
  MULTILINE_IMPLICIT_KEY: 'a line without ": "',
  MULTIPLE_DOCS: 'a second document',
  TAG_RESOLVE_FAILED: 'a tag (a text that starts with "!" needs quotes)',
  BAD_ALIAS: 'an alias of nothing (a text that starts with "*" needs quotes)',
  BAD_DQ_ESCAPE: 'an unknown escape within double quotes',
  BAD_DIRECTIVE: 'a directive (a text that starts with "%" needs quotes)',
  UNUSED_ANCHOR: 'an anchor that nothing refers to (a text that starts with "&" needs quotes)',
};

export interface YamlDocument {
  /** Plain data; undefined when there are problems. */
  readonly data: unknown;
  readonly problems: readonly Problem[];
}

/**
 * Reads one YAML 1.2 document. Problems have the path `FILE:LINE:COLUMN`, both from 1, and quote nothing of the text.
 *
 * @param name how problems call the file
 * @param schema `core`, or `failsafe`: every scalar is the text as written
 */
export function readYaml(text: string, name: string, schema: 'core' | 'failsafe'): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { schema, lineCounter: lines, prettyErrors: false });
  const faults: readonly Fault[] = [
    // A warning is as bad: `password: !x` has become an empty text.
    ...[...document.errors, ...document.warnings].map((fault) => ({
      code: fault.code,
      offset: fault.pos[0],
    })),
    ...anchorFaults(document),
  ];
  const inOrder = faults.toSorted((one, other) => one.offset - other.offset);
  const problems = inOrder.map(({ code, offset }): Problem => {
    const { line, col } = lines.linePos(offset);
    const got = FAULTS[code] ?? `a fault that the parser calls ${code}`;
    return { path: `${name}:${line}:${col}`, expected: 'YAML', got, severity: 'error' };
  });
  if (problems.length > 0) return { data: undefined, problems };
  try {
    return { data: document.toJS() as unknown, problems };
  } catch {
    // More aliases than the parser expands: the guard against a document that grows without bound.
    const expected = 'YAML with few aliases';
    const problem = { ...wrong([name], expected, undefined), got: 'aliases that expand too far' };
    return { data: undefined, problems: [problem] };
  }
}

interface Fault {
  readonly code: string;
  readonly offset: number;
}

/**
 * An anchor without alias is most likely a password that starts with `&`, of which YAML would silently drop the first
 * word; an alias without anchor one that starts with `*`.
 */
function anchorFaults(document: Document): readonly Fault[] {
  const anchors = new Map<string, number>();
  const used = new Set<string>();
  const faults: Fault[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      used.add(alias.source);
      if (anchors.has(alias.source)) return;
      faults.push({ code: 'BAD_ALIAS', offset: alias.range?.[0] ?? 0 });
    },
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node.range?.[0] ?? 0);
    },
  });
  for (const [name, offset] of anchors) {
    if (!used.has(name)) faults.push({ code: 'UNUSED_ANCHOR', offset });
  }
  return faults;
}
