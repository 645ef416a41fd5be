import { constants, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Failure } from '../failure.ts';
import { isUnchanged, stampOf } from './file-stamp.ts';
import type { FileStamps } from './file-stamp.ts';
import { formatProblem } from './problem.ts';
import { isBlock } from './schema-fields.ts';
import { hasForbiddenOctet } from './schema-value.ts';
import { utf8 } from './settings-file.ts';
import type { SecretRef, Secrets } from './settings.ts';
import { readYaml } from './yaml-document.ts';

export interface FileSecretsOptions {
  /** YAML file with `name: value`, mode 0600 or stricter; null: there is none. */
  readonly file: string | null;
  /** The file has its usual name, and nobody named it: it need not be there, and may come later. */
  readonly mayBeMissing?: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Secrets of the embedded host: from the file, else from `MAILFERRY_SECRET_<NAME>`. The file comes first, so that a
 * variable left over from a trial does not outlive a password changed in the file. It is read again when it changed.
 */
export function fileSecrets(options: FileSecretsOptions): Secrets {
  return new FileSecrets(options);
}

/** `smtp-relay` is read from `MAILFERRY_SECRET_SMTP_RELAY`. */
export function secretVariable(name: string): string {
  return `MAILFERRY_SECRET_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

interface KnownSecrets {
  readonly values: ReadonlyMap<string, unknown>;
  readonly stamps: FileStamps;
}

class FileSecrets implements Secrets {
  readonly #file: string | null;
  readonly #mayBeMissing: boolean;
  readonly #environment: FileSecretsOptions['environment'];
  #known: KnownSecrets | null = null;

  constructor(options: FileSecretsOptions) {
    this.#file = options.file;
    this.#mayBeMissing = options.mayBeMissing ?? false;
    this.#environment = options.environment;
  }

  async read(ref: SecretRef): Promise<string> {
    if (ref.kind === 'plain') return ref.value;
    const { name } = ref;
    const variable = secretVariable(name);
    const values = this.#file === null ? null : await this.#readFile(this.#file, name);
    if (values?.has(name) === true) {
      return usable(values.get(name), `secret "${name}" in ${String(this.#file)}`);
    }
    const value = this.#environment[variable];
    if (value !== undefined) return usable(value, `secret "${name}" in the variable ${variable}`);
    throw refusal(
      `secret "${name}" not found: ${this.#withoutIt(values)}, and the variable ${variable} is not set`,
    );
  }

  #withoutIt(values: ReadonlyMap<string, unknown> | null): string {
    if (this.#file === null) return 'no secrets file is given';
    return values === null ? `there is no ${this.#file}` : `not in ${this.#file}`;
  }

  /** @returns null when it is not there and need not be */
  async #readFile(file: string, name: string): Promise<ReadonlyMap<string, unknown> | null> {
    if (this.#known !== null && isUnchanged(this.#known.stamps)) return this.#known.values;
    this.#known = null;
    if (this.#mayBeMissing && !existsSync(file)) return null;
    const stamps = new Map([[file, stampOf(file)]]);
    const values = parseSecrets(await readPrivately(file, name), file, name);
    this.#known = { values, stamps };
    return values;
  }
}

/** Looks at the mode of the very file that is read, not of what the name meant a moment before. */
async function readPrivately(file: string, name: string): Promise<Buffer> {
  try {
    await using handle = await open(file, constants.O_RDONLY);
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      const got = (mode & 0o777).toString(8).padStart(4, '0');
      throw refusal(
        `secret "${name}": expected ${file} to be readable by its owner alone (mode 0600), got mode ${got}; run: chmod 600 ${file}`,
      );
    }
    return await handle.readFile();
  } catch (error) {
    if (error instanceof Failure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw refusal(`secret "${name}": expected a secrets file that can be read, got: ${reason}`);
  }
}

function parseSecrets(bytes: Buffer, file: string, name: string): ReadonlyMap<string, unknown> {
  const text = utf8(bytes);
  if (text === null)
    throw refusal(`secret "${name}": expected ${file} to be UTF-8, got other octets`);
  // Failsafe: 0123, 1e5 and true are passwords here, not numbers and truth.
  const { data, problems } = readYaml(text, file, 'failsafe');
  if (problems.length > 0) {
    throw refusal(
      `secret "${name}" cannot be looked up:\n${problems.map(formatProblem).join('\n')}`,
    );
  }
  if (data === null || data === '') return new Map();
  if (!isBlock(data)) throw refusal(`secret "${name}": expected "name: value" lines in ${file}`);
  return new Map(Object.entries(data));
}

function usable(value: unknown, what: string): string {
  if (typeof value !== 'string') throw refusal(`${what}: expected a text, got a list or a block`);
  if (value === '') throw refusal(`${what}: expected a text, got an empty one`);
  if (hasForbiddenOctet(value)) {
    throw refusal(`${what}: expected one line of text, got a line break or NUL in it`);
  }
  return value;
}

function refusal(message: string): Failure {
  return new Failure('secret', 'permanent', message);
}
