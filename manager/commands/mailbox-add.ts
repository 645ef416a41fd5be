import { formatProblem } from '../../shared/settings/problem.ts';
import { isBlock, valueAt } from '../../shared/settings/schema-fields.ts';
import { withSetting } from '../../shared/settings/yaml-edit.ts';
import type { SettingChange } from '../../shared/settings/yaml-edit.ts';
import { applyChange } from '../configuration/editable.ts';
import type { EditableConfiguration } from '../configuration/editable.ts';
import { settingChanges } from '../configuration/setting-arguments.ts';
import { withConfiguration } from '../configuration/with-configuration.ts';
import type { CommonOptions } from '../context.ts';
import { UsageError, WELL } from '../exit-status.ts';
import { printJson, say } from '../output.ts';
import { openTerminal } from '../terminal.ts';
import { askForEntry } from './mailbox-questions.ts';
import { askSecrets, secretChanges, secretNameFor } from './mailbox-secrets.ts';
import type { AskedSecret } from './mailbox-secrets.ts';

export interface MailboxAddOptions extends CommonOptions {
  readonly type?: string;
  readonly host?: string;
  readonly port?: string;
  readonly tls?: string;
  readonly username?: string;
  readonly auth?: string;
  readonly schedule?: string;
  readonly keep?: string;
  readonly deliverTo?: string;
  readonly recipientSource?: string;
  readonly ignore?: string;
  /** Name of the secret that holds the password. */
  readonly secret?: string;
  readonly ask?: readonly string[];
}

const NAMED = [
  ...(['type', 'host', 'port', 'tls', 'username', 'auth', 'schedule', 'keep'] as const),
  ...(['deliverTo', 'recipientSource', 'ignore'] as const),
];

/** `mailferry mailbox add`: asks for what is not given, checks all of it, and writes it. */
export function addMailbox(
  options: MailboxAddOptions,
  id: string,
  words: readonly string[],
): Promise<number> {
  return withConfiguration(options, async (configuration) => {
    const before = await configuration.read();
    requireNew(before.document, id);
    const given = settingChanges(id, [...namedWords(options), ...words]);
    const terminal = openTerminal();
    const entry = entryOf(id, given);
    const asked = terminal === null ? [] : await askForEntry(terminal, id, entry);
    const settings = [...given, ...asked].map((change) => configuration.kept(change));
    const secrets = secretsToAsk(
      configuration,
      before.document,
      id,
      entryOf(id, settings),
      options,
    );
    const values = await askSecrets(id, secrets, ({ name }) => configuration.hasSecret(name));
    const whole = entryOf(id, [...settings, ...secretChanges(id, secrets)]);
    const change = { settings: [{ place: ['mailboxes', id], value: whole }], secrets: values };
    const warnings = await applyChange(configuration, before, change, ['mailboxes', id]);
    const names = [...values.keys()];
    if (options.json === true) printJson({ mailbox: id, added: true, secrets: names });
    say(...warnings.map((problem) => `warning: ${formatProblem(problem)}`));
    sayAdded(configuration, id, names, options);
    return WELL;
  });
}

function requireNew(document: unknown, id: string): void {
  const mailboxes = valueAt(document, ['mailboxes']);
  const ids = isBlock(mailboxes) ? Object.keys(mailboxes) : [];
  const same = ids.find((one) => one.toLowerCase() === id.toLowerCase());
  if (same === undefined) return;
  throw new UsageError(
    `mailbox ${id}: expected an id that is not taken, got that of "${same}"; mailferry mailbox edit ${same} changes it`,
  );
}

function namedWords(options: MailboxAddOptions): string[] {
  return NAMED.flatMap((key) => {
    const value = options[key];
    return value === undefined ? [] : [`${key}=${value}`];
  });
}

function entryOf(id: string, changes: readonly SettingChange[]): Record<string, unknown> {
  const document = changes.reduce<unknown>(withSetting, {});
  const entry = valueAt(document, ['mailboxes', id]);
  return isBlock(entry) ? entry : {};
}

/** The password, unless the mailbox logs in by tokens: their secrets are asked for by name. */
function secretsToAsk(
  { name }: EditableConfiguration,
  document: unknown,
  id: string,
  entry: Readonly<Record<string, unknown>>,
  options: MailboxAddOptions,
): AskedSecret[] {
  const usual = entry['oauth'] === undefined ? ['password'] : [];
  const settings = [...new Set([...usual, ...(options.ask ?? [])])];
  if (settings.length > 1 && options.secret !== undefined) {
    throw new UsageError(`${name}: --secret names one secret, and more than one is asked for`);
  }
  return settings.map((setting) => ({
    setting,
    name: secretNameFor(document, id, setting, options.secret),
  }));
}

function sayAdded(
  { name, secretPlace, takenUp }: EditableConfiguration,
  id: string,
  secrets: readonly string[],
  { stage }: CommonOptions,
): void {
  const where = stage === undefined ? '' : ` --stage ${stage}`;
  say(
    `mailbox ${id}: added to ${name}; ${takenUp}`,
    ...secrets.map((secret) => `secret "${secret}": written to ${secretPlace}`),
    `try it: npx mailferry mailbox test ${id}${where}`,
  );
}
