import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { asFailure, Failure } from '../../shared/failure.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import { replaceFile } from '../../shared/settings/replace-file.ts';
import { isBlock } from '../../shared/settings/schema-fields.ts';
import { parseBeside, readSettingsFile } from '../../shared/settings/settings-file.ts';
import { editYaml } from '../../shared/settings/yaml-edit.ts';
import type { SettingChange } from '../../shared/settings/yaml-edit.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../exit-status.ts';
import type { ConfigurationChange, EditableConfiguration, ReadConfiguration } from './editable.ts';

/** New files hold who gets whose mail, or passwords: their owner's alone. */
const PRIVATE_MODE = 0o600;

/** The configuration file of this machine, and its secrets file. */
export class FileConfiguration implements EditableConfiguration {
  readonly name: string;
  readonly secretPlace: string;
  readonly takenUp = 'a connector that runs takes it up within seconds';
  readonly #context: Context;
  readonly #secretsFile: string;

  constructor(context: Context) {
    this.#context = context;
    this.#secretsFile = context.secretsFile;
    this.name = context.options.config;
    this.secretPlace = this.#secretsFile;
  }

  async read(): Promise<ReadConfiguration> {
    const { document, problems } = await readSettingsFile(this.name);
    if (problems.length > 0) throw new UsageError(problems.map(formatProblem).join('\n'));
    if (document !== null && !isBlock(document)) {
      throw new UsageError(`${this.name}: expected a block of settings, got something else`);
    }
    return { document: document ?? {}, parsed: this.parse(document ?? {}) };
  }

  kept(change: SettingChange): SettingChange {
    return change;
  }

  parse(document: unknown): ReadConfiguration['parsed'] {
    return parseBeside(this.name, document, null).parsed;
  }

  async hasSecret(name: string): Promise<boolean> {
    return this.#context.secrets.read({ kind: 'named', name }).then(
      () => true,
      () => false,
    );
  }

  async write({ settings, secrets }: ConfigurationChange): Promise<void> {
    if (secrets.size > 0) await this.#writeSecrets(secrets);
    if (settings.length === 0) return;
    const text = await readFile(this.name, 'utf8');
    await replaceFile(this.name, editYaml(text, settings), PRIVATE_MODE);
  }

  async mailOf(mailbox: string): Promise<{ incoming: number; failed: number }> {
    const { data } = this.#context.options;
    const [incoming, failed] = await Promise.all(
      ['Incoming', 'Failed'].map((area) => countMessages(join(data, area, mailbox))),
    );
    return { incoming: incoming ?? 0, failed: failed ?? 0 };
  }

  async #writeSecrets(secrets: ReadonlyMap<string, string>): Promise<void> {
    await requirePrivate(this.#secretsFile);
    const text = await readFile(this.#secretsFile, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return '';
      throw new Failure('secret', 'permanent', asFailure(error).message);
    });
    const changes = [...secrets].map(([name, value]) => ({ place: [name], value }));
    await replaceFile(this.#secretsFile, editYaml(text, changes, 'failsafe'), PRIVATE_MODE);
  }
}

/** As for reading: a file that others may read is not one to put a password in. */
async function requirePrivate(file: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found === null || (found.mode & 0o077) === 0) return;
  const got = (found.mode & 0o777).toString(8).padStart(4, '0');
  throw new Failure(
    'secret',
    'permanent',
    `expected ${file} to be readable by its owner alone (mode 0600), got mode ${got}; run: chmod 600 ${file}`,
  );
}

/** Reading the folder needs no ownership of it. */
async function countMessages(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.eml')).length;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
