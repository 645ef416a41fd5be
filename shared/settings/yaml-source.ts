import { isUnchanged, stampOf } from './file-stamp.ts';
import type { FileStamps } from './file-stamp.ts';
import { LastGoodSettings } from './last-good-settings.ts';
import type { ParsedSettings } from './schema.ts';
import { parseBeside, readSettingsFile } from './settings-file.ts';
import type { GeneralSettings, Settings, SettingsMemory, SettingsSource } from './settings.ts';

export interface YamlSettingsOptions {
  /** Path of the configuration file. */
  readonly file: string;
  /** Where the last good document is kept for the next start. */
  readonly memory: SettingsMemory;
}

/**
 * The configuration of the embedded host: one YAML file, looked at (`stat`) at each call and read again when it or a
 * file that it names has changed.
 *
 * A broken mailbox entry stops that mailbox; a broken general setting leaves the last good general settings in use; a
 * file that cannot be read, or is no YAML, or whose `mailboxes` is no block, leaves all in use. `problems` says so.
 */
export function yamlSettings(options: YamlSettingsOptions): SettingsSource {
  return new YamlSettings(options);
}

interface Answer {
  readonly settings: Settings;
  readonly stamps: FileStamps;
}

class YamlSettings implements SettingsSource {
  readonly #file: string;
  readonly #lastGood: LastGoodSettings;
  #answer: Answer | null = null;
  /** The files that the document in hand names. */
  #named = new Map<string, string>();
  #reading: Promise<Settings> | null = null;

  constructor({ file, memory }: YamlSettingsOptions) {
    this.#file = file;
    const parse = this.#parse.bind(this);
    this.#lastGood = new LastGoodSettings({ name: file, memory, parse });
  }

  /** One reading at a time: of two that overlap, the older one could become the answer. */
  read(): Promise<Settings> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<Settings> {
    if (this.#answer !== null && isUnchanged(this.#answer.stamps)) return this.#answer.settings;
    this.#answer = null;
    this.#named = new Map();
    const stamp = stampOf(this.#file);
    const { found, document, problems } = await readSettingsFile(this.#file);
    const settings = await (problems.length > 0
      ? this.#lastGood.fallBack(problems)
      : this.#lastGood.take(document));
    if (found) this.#answer = { settings, stamps: new Map([...this.#named, [this.#file, stamp]]) };
    return settings;
  }

  #parse(document: unknown, lastGood: GeneralSettings | null): ParsedSettings {
    const { parsed, named } = parseBeside(this.#file, document, lastGood);
    for (const [file, stamp] of named) {
      // Of two looks at a file the older stamp counts: a change in between is then read again.
      if (!this.#named.has(file)) this.#named.set(file, stamp);
    }
    return parsed;
  }
}
