import { formatProblem } from '../../shared/settings/problem.ts';
import { parseSettings } from '../../shared/settings/schema.ts';
import { isBlock } from '../../shared/settings/schema-fields.ts';
import { readSecretValue } from '../../shared/settings/ssm-secrets.ts';
import { changeTree, pullTree } from '../../shared/settings/ssm-tree.ts';
import { withSetting } from '../../shared/settings/yaml-edit.ts';
import type { SettingChange } from '../../shared/settings/yaml-edit.ts';
import type {
  ConfigurationChange,
  EditableConfiguration,
  ReadConfiguration,
} from '../configuration/editable.ts';
import { UsageError } from '../exit-status.ts';
import { withAuthorities } from './configuration.ts';
import type { Deployment } from './deployment.ts';

/** General settings that have a parameter of their own. */
const PARTS: ReadonlySet<string> = new Set(['aliases', 'recipients']);

/** The parameters of a deployment. A mailbox is one parameter, and so are the general settings. */
export class StageConfiguration implements EditableConfiguration {
  readonly name: string;
  readonly secretPlace: string;
  readonly takenUp = 'the deployment takes it up within a minute';
  readonly #deployment: Deployment;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
    this.name = `stage ${deployment.stage}`;
    this.secretPlace = `the parameters /mailferry/${deployment.stage}/secrets/`;
  }

  async read(): Promise<ReadConfiguration> {
    const { document, generalProblems } = await pullTree(this.#deployment.tree);
    if (generalProblems.length > 0) {
      throw new UsageError(generalProblems.map(formatProblem).join('\n'));
    }
    if (document['delivery'] === undefined) {
      throw new UsageError(
        `${this.name}: expected a configuration, found none; run mailferry config push --stage ${this.#deployment.stage}`,
      );
    }
    return { document, parsed: this.parse(document) };
  }

  kept(change: SettingChange): SettingChange {
    const name = String(change.place.at(-1));
    try {
      const read = withAuthorities({ [name]: change.value }, '.') as Record<string, unknown>;
      return { ...change, value: read[name] };
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      throw new UsageError(`${name}: expected a PEM file that can be read, got ${got}`);
    }
  }

  parse(document: unknown): ReadConfiguration['parsed'] {
    return parseSettings(document, {});
  }

  async hasSecret(name: string): Promise<boolean> {
    return (await readSecretValue(this.#deployment.tree, name)) !== null;
  }

  async write({ settings, secrets }: ConfigurationChange): Promise<void> {
    const { tree } = this.#deployment;
    const { document } = await pullTree(tree);
    const after = settings.reduce<unknown>(withSetting, document);
    const written = new Map<string, unknown>();
    const removed: string[] = [];
    for (const name of namesOf(settings)) {
      const value = valueOf(after, name);
      if (value === undefined) removed.push(name);
      else written.set(name, value);
    }
    await changeTree(tree, { secrets, written, removed });
  }

  async mailOf(mailbox: string): Promise<{ incoming: number; failed: number }> {
    const { store } = this.#deployment.deps;
    const count = async (area: 'Incoming' | 'Failed'): Promise<number> => {
      let messages = 0;
      for await (const { key } of store.list(area)) messages += key.mailbox === mailbox ? 1 : 0;
      return messages;
    };
    return { incoming: await count('Incoming'), failed: await count('Failed') };
  }
}

function namesOf(settings: readonly SettingChange[]): ReadonlySet<string> {
  return new Set(
    settings.map(({ place: [first = '', second = ''] }) => {
      if (first === 'mailboxes') return `mailboxes/${second}`;
      return PARTS.has(String(first)) ? `settings/${first}` : 'settings/general';
    }),
  );
}

function valueOf(document: unknown, name: string): unknown {
  if (!isBlock(document)) return undefined;
  const [branch = '', part = ''] = name.split('/');
  if (branch === 'mailboxes') {
    const { mailboxes } = document;
    return isBlock(mailboxes) ? mailboxes[part] : undefined;
  }
  if (part !== 'general') return document[part];
  const general = Object.entries(document).filter(
    ([key]) => key !== 'mailboxes' && !PARTS.has(key),
  );
  return Object.fromEntries(general);
}
