import type { Place } from '../../shared/settings/problem.ts';
import { isBlock, valueAt } from '../../shared/settings/schema-fields.ts';
import { isSecretName, secretRef } from '../../shared/settings/schema-secret.ts';
import type { SettingChange } from '../../shared/settings/yaml-edit.ts';
import { UsageError } from '../exit-status.ts';
import { readSecrets } from '../terminal.ts';

/** A secret that is to be asked for, and the name that it gets. */
export interface AskedSecret {
  /** Within the mailbox's entry: `password`, `oauth.refreshToken`. */
  readonly setting: string;
  readonly name: string;
}

/** Secrets of a mailbox that can be asked for. */
const ASKABLE = ['password', 'oauth.clientSecret', 'oauth.refreshToken'];

/**
 * The name that a mailbox's secret has, or gets: after the mailbox, unless another entry goes by that name.
 * @param given by --secret
 */
export function secretNameFor(
  document: unknown,
  mailbox: string,
  setting: string,
  given: string | undefined,
): string {
  if (!ASKABLE.includes(setting)) {
    throw new UsageError(`--ask: expected one of ${ASKABLE.join(', ')}; got "${setting}"`);
  }
  if (given !== undefined) {
    if (isSecretName(given)) return given;
    throw new UsageError(
      '--secret: expected a name of at most 63 letters, digits, dots, underscores and hyphens',
    );
  }
  const present = secretRef.safeParse(
    valueAt(document, ['mailboxes', mailbox, ...setting.split('.')]),
  );
  if (present.success && present.data.kind === 'named') return present.data.name;
  const usual = setting === 'password' ? mailbox : `${mailbox}-${setting.split('.').at(-1) ?? ''}`;
  const taken = othersUsing(document, usual, mailbox).length > 0;
  return taken ? `mailbox-${usual}` : usual;
}

/**
 * Asks for secrets.
 * @param keptBlank whether nothing typed means: the one that is there stays
 * @throws UsageError when one is missing
 */
export async function askSecrets(
  mailbox: string,
  asked: readonly AskedSecret[],
  keptBlank: (secret: AskedSecret) => Promise<boolean>,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  const answers = await readSecrets(asked.map(({ setting }) => `${setting} of mailbox ${mailbox}`));
  for (const [at, secret] of asked.entries()) {
    const value = answers[at] ?? '';
    if (value !== '') values.set(secret.name, value);
    else if (!(await keptBlank(secret))) {
      throw new UsageError(
        `${secret.setting} of mailbox ${mailbox}: expected it at the question or as a line of standard input, got nothing`,
      );
    }
  }
  for (const [name, value] of values) {
    if (/[\r\n\0]/.test(value)) throw new UsageError(`secret "${name}": expected one line of text`);
  }
  return values;
}

/** The settings that refer to these secrets. */
export function secretChanges(mailbox: string, asked: readonly AskedSecret[]): SettingChange[] {
  return asked.map(({ setting, name }) => ({
    place: ['mailboxes', mailbox, ...setting.split('.')],
    value: { secret: name },
  }));
}

/** Where a secret is used beside this mailbox. */
export function othersUsing(document: unknown, name: string, mailbox: string): readonly Place[] {
  return usersOf(document, name).filter(
    ([branch, entry]) => branch !== 'mailboxes' || entry !== mailbox,
  );
}

function usersOf(document: unknown, name: string, place: Place = []): readonly Place[] {
  if (Array.isArray(document)) {
    return document.flatMap((item, at) => usersOf(item, name, [...place, at]));
  }
  if (!isBlock(document)) return [];
  if (document['secret'] === name && Object.keys(document).length === 1) return [place];
  return Object.entries(document).flatMap(([key, item]) => usersOf(item, name, [...place, key]));
}
