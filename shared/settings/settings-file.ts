import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { stampOf } from './file-stamp.ts';
import type { FileStamps } from './file-stamp.ts';
import { parseSettings } from './schema.ts';
import type { ParsedSettings } from './schema.ts';
import { wrong } from './schema-fields.ts';
import type { GeneralSettings, Problem } from './settings.ts';
import { readYaml } from './yaml-document.ts';

export interface SettingsFile {
  /** false: the file could not be read at all, so the next look may give something else without any change of it. */
  readonly found: boolean;
  /** null: there is no usable document, and `problems` say why. */
  readonly document: unknown;
  readonly problems: readonly Problem[];
}

/** Reads the configuration file as plain data. */
export async function readSettingsFile(file: string): Promise<SettingsFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const problem = { ...wrong([file], 'a configuration file that can be read', undefined), got };
    return { found: false, document: null, problems: [problem] };
  }
  const text = utf8(bytes);
  if (text === null) {
    const problem = { ...wrong([file], 'text in UTF-8', undefined), got: 'other octets' };
    return { found: true, document: null, problems: [problem] };
  }
  const { data, problems } = readYaml(text, file, 'core');
  return { found: true, document: data ?? null, problems };
}

/** A lenient reader would put U+FFFD in place of what it cannot read, also within a password. */
export function utf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

export interface ParsedFile {
  readonly parsed: ParsedSettings;
  /** The files that the configuration names, read or not. */
  readonly named: FileStamps;
}

/** Parses a document whose files (`ca`) are named relative to the folder of the configuration file. */
export function parseBeside(
  file: string,
  document: unknown,
  lastGood: GeneralSettings | null,
): ParsedFile {
  const named = new Map<string, string>();
  const readNamed = (name: string): string => {
    const resolved = path.resolve(path.dirname(file), name);
    named.set(resolved, stampOf(resolved));
    return readFileSync(resolved, 'latin1');
  };
  const parsed = parseSettings(document, { readFile: readNamed, lastGood });
  return { parsed, named };
}
