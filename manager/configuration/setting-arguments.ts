import { isSecretKey } from '../../shared/settings/problem.ts';
import type { Place } from '../../shared/settings/problem.ts';
import { isBlock } from '../../shared/settings/schema-fields.ts';
import type { SettingChange } from '../../shared/settings/yaml-edit.ts';
import { readYaml } from '../../shared/settings/yaml-document.ts';
import { UsageError } from '../exit-status.ts';

/** Settings whose value is text as it stands: `username=0123` needs no quotes within the quotes of a shell. */
const TEXTS: ReadonlySet<string> = new Set([
  ...['type', 'host', 'tls', 'username', 'auth', 'schedule', 'keep', 'initial'],
  ...['undeliverable', 'ca', 'fingerprint', 'serverName'],
]);
/** Lists that may be written with commas alone. */
const LISTS: ReadonlySet<string> = new Set(['deliverTo', 'ignore', 'recipientSource']);

/**
 * `key=value` words as changes of one mailbox. `key=` removes a setting, so that its default holds; `oauth.grant=…` is a
 * setting within a block; anything but texts and lists is YAML.
 * @throws UsageError for a word that is none of these, and for a secret
 */
export function settingChanges(mailbox: string, words: readonly string[]): SettingChange[] {
  return words.map((word) => {
    const [, key = '', text = ''] = /^([A-Za-z][\w.-]*)=([^]*)$/.exec(word) ?? [];
    if (key === '') {
      throw new UsageError(`expected key=value, such as schedule="every 10m", got ${shown(word)}`);
    }
    const steps = key.split('.');
    if (steps.some(isSecretKey)) throw secretInSight(key);
    const value = text === '' ? undefined : valueOf(steps, text);
    if (holdsSecret(value)) throw secretInSight(key);
    return { place: placeOf(mailbox, steps), value };
  });
}

function placeOf(mailbox: string, steps: readonly string[]): Place {
  return ['mailboxes', mailbox, ...steps];
}

function valueOf(steps: readonly string[], text: string): unknown {
  const [key = ''] = steps;
  if (TEXTS.has(key) && steps.length === 1) return text;
  if (LISTS.has(key) && !/^\s*[[{]/.test(text)) {
    return text.split(',').map((item) => item.trim());
  }
  const { data, problems } = readYaml(text, 'value', 'core');
  if (problems.length > 0) {
    const got = problems[0]?.got ?? 'something else';
    throw new UsageError(`${steps.join('.')}: expected a value in YAML, got ${got}`);
  }
  return data;
}

/** A plain secret anywhere in a value: command lines are seen by everybody on the machine. */
function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  if (!isBlock(value)) return false;
  return Object.entries(value).some(
    ([key, inner]) => (isSecretKey(key) && typeof inner === 'string') || holdsSecret(inner),
  );
}

function secretInSight(key: string): UsageError {
  return new UsageError(
    `${key}: expected no secret on the command line, where everybody on this machine can see it; use --password, or --ask ${key}, and it is asked for or read from standard input`,
  );
}

/** What stands before a `=` that is missing may be a password in the wrong place. */
function shown(word: string): string {
  return /^[A-Za-z][\w.-]*$/.test(word) ? `"${word}"` : 'something else';
}
