import { stringify } from 'yaml';

import { isBlock } from './schema-fields.ts';

export type YamlSchema = 'core' | 'failsafe';

/** Values on one line: blocks within them in braces. */
export class Renderer {
  readonly #schema: YamlSchema;
  readonly lineEnd: string;

  constructor(schema: YamlSchema, lineEnd: string) {
    this.#schema = schema;
    this.lineEnd = lineEnd;
  }

  inline(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map((item) => this.inline(item)).join(', ')}]`;
    if (!isBlock(value)) return this.#scalar(value);
    const entries = Object.entries(value).map((one) => this.#entry(...one));
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }

  /** The entries of a block, a line each. */
  lines(value: Readonly<Record<string, unknown>>): readonly string[] {
    return Object.entries(value).map((one) => this.#entry(...one));
  }

  #entry(key: string, value: unknown): string {
    return `${this.key(key)}: ${this.inline(value)}`;
  }

  key(key: string): string {
    return this.#written(key);
  }

  /** Secrets are always quoted: what YAML would make of them nobody should have to know. */
  #scalar(value: unknown): string {
    if (this.#schema === 'core' || typeof value !== 'string') return this.#written(value);
    return /\p{Cc}/u.test(value) ? JSON.stringify(value) : `'${value.replaceAll("'", "''")}'`;
  }

  #written(value: unknown): string {
    const list = stringify([value], {
      collectionStyle: 'flow',
      flowCollectionPadding: false,
      lineWidth: 0,
      singleQuote: true,
    }).trim();
    return list.slice(1, -1);
  }
}

/** A block one level deep as lines: each value of it stands on its own line. */
export function blockLines(
  value: Readonly<Record<string, unknown>>,
  indent: string,
  step: number,
  render: Renderer,
): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    if (!isBlock(inner) || isSecretRef(inner) || Object.keys(inner).length === 0) {
      return [`${indent}${render.key(key)}: ${render.inline(inner)}`];
    }
    const deeper = `${indent}${' '.repeat(step)}`;
    const holdsBlocks = Object.values(inner).some((one) => isBlock(one) && !isSecretRef(one));
    const lines = holdsBlocks
      ? blockLines(inner, deeper, step, render)
      : render.lines(inner).map((line) => `${deeper}${line}`);
    return [`${indent}${render.key(key)}:`, ...lines];
  });
}

function isSecretRef(value: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(value).length === 1 && typeof value['secret'] === 'string';
}

/** As deep as the first indented line. */
export function indentStep(text: string): number {
  return /^( +)[^ #\r\n-]/m.exec(text)?.[1]?.length ?? 2;
}
