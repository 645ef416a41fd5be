import { formatProblem } from '../../shared/settings/problem.ts';
import { isBlock, valueAt } from '../../shared/settings/schema-fields.ts';
import { applyChange } from '../configuration/editable.ts';
import type { EditableConfiguration } from '../configuration/editable.ts';
import { settingChanges } from '../configuration/setting-arguments.ts';
import { withConfiguration } from '../configuration/with-configuration.ts';
import type { CommonOptions } from '../context.ts';
import { UsageError, WELL } from '../exit-status.ts';
import { printJson, say } from '../output.ts';
import { askSecrets, othersUsing, secretChanges, secretNameFor } from './mailbox-secrets.ts';
import type { AskedSecret } from './mailbox-secrets.ts';

export interface MailboxEditOptions extends CommonOptions {
  readonly password?: boolean;
  readonly ask?: readonly string[];
  readonly secret?: string;
}

/** `mailferry mailbox edit`: changes single settings of a mailbox, and its secrets. */
export function editMailbox(
  options: MailboxEditOptions,
  id: string,
  words: readonly string[],
): Promise<number> {
  return withConfiguration(options, async (configuration) => {
    const before = await configuration.read();
    requirePresent(before.document, id);
    const given = settingChanges(id, words).map((change) => configuration.kept(change));
    const asked = secretsToAsk(before.document, id, options);
    if (given.length + asked.length === 0) {
      throw new UsageError(
        `mailbox edit ${id}: expected key=value, such as schedule="every 10m", or --password`,
      );
    }
    const secrets = await askSecrets(id, asked, () => Promise.resolve(false));
    const settings = [...given, ...secretChanges(id, asked)];
    const touched = ['mailboxes', id];
    const warnings = await applyChange(configuration, before, { settings, secrets }, touched);
    const changed = settings.map(({ place }) => place.slice(2).join('.'));
    if (options.json === true) printJson({ mailbox: id, changed, secrets: [...secrets.keys()] });
    say(...warnings.map((problem) => `warning: ${formatProblem(problem)}`));
    say(`mailbox ${id}: ${changed.join(', ')} changed; ${configuration.takenUp}`);
    saySecrets(configuration, before.document, id, secrets);
    return WELL;
  });
}

/** @throws UsageError naming those that there are */
export function requirePresent(document: unknown, id: string): void {
  const mailboxes = valueAt(document, ['mailboxes']);
  const ids = isBlock(mailboxes) ? Object.keys(mailboxes) : [];
  if (ids.includes(id)) return;
  throw new UsageError(
    `expected a mailbox of the configuration (${ids.join(', ') || 'there is none'}), got ${id}`,
  );
}

function secretsToAsk(document: unknown, id: string, options: MailboxEditOptions): AskedSecret[] {
  const settings = new Set([
    ...(options.password === true ? ['password'] : []),
    ...(options.ask ?? []),
  ]);
  return [...settings].map((setting) => ({
    setting,
    name: secretNameFor(document, id, setting, options.secret),
  }));
}

function saySecrets(
  { secretPlace }: EditableConfiguration,
  document: unknown,
  id: string,
  secrets: ReadonlyMap<string, string>,
): void {
  for (const name of secrets.keys()) {
    const others = othersUsing(document, name, id);
    const also = others.map((place) => place.join('.')).join(', ');
    say(
      `secret "${name}": written to ${secretPlace}${also === '' ? '' : `; it is also that of ${also}`}`,
    );
  }
}
