import { Failure } from '../failure.ts';
import { formatProblem } from './problem.ts';
import { isBlock, wrong } from './schema-fields.ts';
import { withoutSecrets } from './schema-secret.ts';
import type { ParsedSettings } from './schema.ts';
import type { GeneralSettings, Problem, Settings, SettingsMemory } from './settings.ts';

export interface LastGoodOptions {
  /** What a problem with keeping the configuration calls it: the file, or the path of its tree. */
  readonly name: string;
  /** Where the last good document is kept for the next start. */
  readonly memory: SettingsMemory;
  readonly parse: (document: unknown, lastGood: GeneralSettings | null) => ParsedSettings;
}

type Document = Readonly<Record<string, unknown>>;

interface LastGood {
  readonly settings: Settings;
  /** The document that its general part comes from, for the memory. */
  readonly document: Document;
}

/**
 * What every source does with what it has read: a broken mailbox entry stops that mailbox; a broken general setting
 * leaves the last good general settings in use; a document that is none leaves all in use. `problems` says so.
 */
export class LastGoodSettings {
  readonly #options: LastGoodOptions;
  #lastGood: LastGood | null = null;

  constructor(options: LastGoodOptions) {
    this.#options = options;
  }

  /** @throws Failure `settings`, permanent, with all that is wrong, when there are no last good ones either */
  async take(document: unknown): Promise<Settings> {
    const parsed = await this.#parse(document);
    const general = parsed.general ?? this.#lastGood?.settings.general ?? null;
    if (parsed.mailboxes === null || general === null || !isBlock(document)) {
      return this.fallBack(parsed.problems);
    }
    const settings = complete(general, parsed);
    const source = parsed.general === null ? this.#lastGood?.document : document;
    this.#lastGood = { settings, document: source ?? document };
    return this.#remember(settings, document);
  }

  /**
   * The last good settings, with these problems.
   * @param otherwise thrown when there are none; by default all errors among the problems, permanent
   */
  async fallBack(problems: readonly Problem[], otherwise?: Failure): Promise<Settings> {
    const last = this.#lastGood ?? (await this.#recall());
    if (last === null) throw otherwise ?? failureOf(problems);
    const { settings } = last;
    return { ...settings, problems: [...problems, ...[...settings.broken.values()].flat()] };
  }

  /** The document of the last good general settings; null: there are none. */
  async document(): Promise<Document | null> {
    return (this.#lastGood ?? (await this.#recall()))?.document ?? null;
  }

  /** Mailboxes depend on the general settings: where these are wrong, on the last good ones. */
  async #parse(document: unknown): Promise<ParsedSettings> {
    const { parse } = this.#options;
    const parsed = parse(document, this.#lastGood?.settings.general ?? null);
    if (parsed.general !== null || this.#lastGood !== null) return parsed;
    const recalled = await this.#recall();
    return recalled === null ? parsed : parse(document, recalled.settings.general);
  }

  async #recall(): Promise<LastGood | null> {
    const document = await this.#options.memory.load();
    if (!isBlock(document)) return null;
    const parsed = this.#options.parse(document, null);
    if (parsed.general === null) return null;
    this.#lastGood = { settings: complete(parsed.general, parsed), document };
    return this.#lastGood;
  }

  async #remember(settings: Settings, document: Document): Promise<Settings> {
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
      await this.#options.memory.store(withoutSecrets(kept));
      return settings;
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      const expected = 'this configuration to be kept for the next start';
      const problem: Problem = { ...wrong([this.#options.name], expected, undefined), got };
      return { ...settings, problems: [...settings.problems, { ...problem, severity: 'warning' }] };
    }
  }
}

function failureOf(problems: readonly Problem[]): Failure {
  const lines = problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  return new Failure('settings', 'permanent', lines.join('\n'));
}

function complete(general: GeneralSettings, parsed: ParsedSettings): Settings {
  const { broken, problems } = parsed;
  return { general, mailboxes: parsed.mailboxes ?? new Map(), broken, problems };
}
