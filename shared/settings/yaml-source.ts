import { Failure } from '../failure.ts';
import { isUnchanged, stampOf } from './file-stamp.ts';
import type { FileStamps } from './file-stamp.ts';
import { formatProblem } from './problem.ts';
import { isBlock, wrong } from './schema-fields.ts';
import type { ParsedSettings } from './schema.ts';
import { withoutSecrets } from './schema-secret.ts';
import { parseBeside, readSettingsFile } from './settings-file.ts';
import type { ParsedFile } from './settings-file.ts';
import type {
  GeneralSettings,
  Problem,
  Settings,
  SettingsMemory,
  SettingsSource,
} from './settings.ts';

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

interface LastGood {
  readonly settings: Settings;
  /** The document that its general part comes from, for the memory. */
  readonly document: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly settings: Settings;
  readonly stamps: FileStamps;
}

class YamlSettings implements SettingsSource {
  readonly #file: string;
  readonly #memory: SettingsMemory;
  #answer: Answer | null = null;
  #lastGood: LastGood | null = null;
  #reading: Promise<Settings> | null = null;

  constructor(options: YamlSettingsOptions) {
    this.#file = options.file;
    this.#memory = options.memory;
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
    const stamp = stampOf(this.#file);
    const { found, document, problems } = await readSettingsFile(this.#file);
    const { settings, stamps } =
      problems.length > 0
        ? { settings: await this.#fallBack(problems), stamps: new Map<string, string>() }
        : await this.#take(document);
    if (found) this.#answer = { settings, stamps: new Map([...stamps, [this.#file, stamp]]) };
    return settings;
  }

  async #take(document: unknown): Promise<Answer> {
    const { parsed, named } = await this.#parse(document);
    const general = parsed.general ?? this.#lastGood?.settings.general ?? null;
    if (parsed.mailboxes === null || general === null || !isBlock(document)) {
      return { settings: await this.#fallBack(parsed.problems), stamps: named };
    }
    const settings = complete(general, parsed);
    const source = parsed.general === null ? this.#lastGood?.document : document;
    this.#lastGood = { settings, document: source ?? document };
    return { settings: await this.#remember(settings, document), stamps: named };
  }

  /** Mailboxes depend on the general settings: where these are wrong, on the last good ones. */
  async #parse(document: unknown): Promise<ParsedFile> {
    const lastGood = this.#lastGood?.settings.general ?? null;
    const read = parseBeside(this.#file, document, lastGood);
    if (read.parsed.general !== null || this.#lastGood !== null) return read;
    const recalled = await this.#recall();
    return recalled === null ? read : parseBeside(this.#file, document, recalled.settings.general);
  }

  async #fallBack(problems: readonly Problem[]): Promise<Settings> {
    const last = this.#lastGood ?? (await this.#recall());
    if (last === null) {
      const lines = problems.filter(({ severity }) => severity === 'error').map(formatProblem);
      throw new Failure('settings', 'permanent', lines.join('\n'));
    }
    const { settings } = last;
    return { ...settings, problems: [...problems, ...[...settings.broken.values()].flat()] };
  }

  async #recall(): Promise<LastGood | null> {
    const document = await this.#memory.load();
    if (!isBlock(document)) return null;
    const { parsed } = parseBeside(this.#file, document, null);
    if (parsed.general === null) return null;
    this.#lastGood = { settings: complete(parsed.general, parsed), document };
    return this.#lastGood;
  }

  async #remember(
    settings: Settings,
    document: Readonly<Record<string, unknown>>,
  ): Promise<Settings> {
    const mailboxes = isBlock(document['mailboxes']) ? document['mailboxes'] : {};
    const kept = {
      ...this.#lastGood?.document,
      mailboxes: Object.fromEntries(
        Object.entries(mailboxes).map(([id, entry]) => [
          id,
          // A broken entry stays known as broken; its text may hold a password under a mistyped key.
          settings.mailboxes.has(id) ? entry : null,
        ]),
      ),
    };
    try {
      await this.#memory.store(withoutSecrets(kept));
      return settings;
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      const expected = 'this configuration to be kept for the next start';
      const problem: Problem = { ...wrong([this.#file], expected, undefined), got };
      return { ...settings, problems: [...settings.problems, { ...problem, severity: 'warning' }] };
    }
  }
}

function complete(general: GeneralSettings, parsed: ParsedSettings): Settings {
  const { broken, problems } = parsed;
  return { general, mailboxes: parsed.mailboxes ?? new Map(), broken, problems };
}
