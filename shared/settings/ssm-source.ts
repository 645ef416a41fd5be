import type { Clock } from '../clock.ts';
import { asFailure, Failure } from '../failure.ts';
import { LastGoodSettings } from './last-good-settings.ts';
import { wrong } from './schema-fields.ts';
import { parseSettings } from './schema.ts';
import type { Problem, Settings, SettingsMemory, SettingsSource } from './settings.ts';
import { parametersToDocument } from './ssm-document.ts';
import type { TreeDocument } from './ssm-document.ts';
import { readBranch, rootOf, SSM_CACHE_MS } from './ssm-parameters.ts';
import type { SsmStage } from './ssm-parameters.ts';

export interface SsmSettingsOptions extends SsmStage {
  /** Where the last good document is kept for the next start. */
  readonly memory: SettingsMemory;
  readonly clock: Clock;
  /** How long one reading is used, milliseconds. */
  readonly cacheMs?: number;
}

/**
 * The configuration of a deployment: the parameters below `/mailferry/<stage>/`, read again when the cache has grown
 * old. A parameter that is no JSON stops its mailbox, or leaves the last good general settings in use; a tree that
 * cannot be read, or of which nothing is JSON, leaves all in use. `problems` says so.
 */
export function ssmSettings(options: SsmSettingsOptions): SettingsSource {
  return new SsmSettings(options);
}

class SsmSettings implements SettingsSource {
  readonly #options: SsmSettingsOptions;
  readonly #root: string;
  readonly #lastGood: LastGoodSettings;
  #answer: { readonly settings: Settings; readonly readAt: number } | null = null;
  #reading: Promise<Settings> | null = null;

  constructor(options: SsmSettingsOptions) {
    this.#options = options;
    this.#root = rootOf(options.stage);
    this.#lastGood = new LastGoodSettings({
      name: this.#root,
      memory: options.memory,
      parse: (document, lastGood) => parseSettings(document, { lastGood }),
    });
  }

  /** One reading at a time: of two that overlap, the older one could become the answer. */
  read(): Promise<Settings> {
    this.#reading ??= this.#readCached().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readCached(): Promise<Settings> {
    const { clock, cacheMs = SSM_CACHE_MS } = this.#options;
    const now = clock.now();
    if (this.#answer !== null && now - this.#answer.readAt < cacheMs) return this.#answer.settings;
    const settings = await this.#readTree();
    this.#answer = { settings, readAt: now };
    return settings;
  }

  async #readTree(): Promise<Settings> {
    let tree: TreeDocument;
    try {
      tree = await this.#fetch();
    } catch (error) {
      const failure = asFailure(error);
      const expected = 'a configuration that can be read';
      const problem = { ...wrong([this.#root], expected, undefined), got: failure.message };
      return this.#lastGood.fallBack([problem], failure);
    }
    const problems = [...tree.generalProblems, ...tree.brokenMailboxes.values()];
    if (!tree.readable) return this.#lastGood.fallBack(problems);
    const isUsable = tree.generalProblems.length === 0;
    const general = isUsable ? tree.document : await this.#lastGood.document();
    if (general === null) return this.#lastGood.fallBack(problems);
    const { mailboxes } = tree.document;
    const settings = await this.#lastGood.take({ ...general, mailboxes });
    return withBroken(settings, tree);
  }

  async #fetch(): Promise<TreeDocument> {
    const [settings, mailboxes] = await Promise.all([
      readBranch(this.#options, 'settings'),
      readBranch(this.#options, 'mailboxes'),
    ]);
    if (settings.size + mailboxes.size === 0) {
      throw new Failure(
        'settings',
        'temporary',
        `no configuration under ${this.#root}/: run mailferry config push`,
      );
    }
    const parameters = [...settings, ...mailboxes].map(([name, value]) => ({ name, value }));
    return parametersToDocument(parameters, this.#root);
  }
}

/** A mailbox whose parameter is no JSON has nothing else to be said about it: what the schema found wrong is cleared. */
function withBroken(settings: Settings, tree: TreeDocument): Settings {
  const broken = new Map(settings.broken);
  let problems: readonly Problem[] = settings.problems;
  for (const [id, problem] of tree.brokenMailboxes) {
    const found = new Set(broken.get(id));
    problems = [...problems.filter((one) => !found.has(one)), problem];
    broken.set(id, [problem]);
  }
  return { ...settings, broken, problems: [...tree.generalProblems, ...problems] };
}
