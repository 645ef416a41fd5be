import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { formatProblem } from '../../shared/settings/problem.ts';
import { deliveryShape, smtpShape } from '../../shared/settings/schema-delivery.ts';
import { generalShape, limitsShape } from '../../shared/settings/schema-general.ts';
import { mailboxShape } from '../../shared/settings/schema-mailbox.ts';
import { oauthShape } from '../../shared/settings/schema-oauth.ts';
import { conditionShape, ruleShape } from '../../shared/settings/schema-rule.ts';
import { sesShape } from '../../shared/settings/schema-ses.ts';
import { headerSourceShape, receivedSourceShape } from '../../shared/settings/schema-source.ts';
import { spamShape } from '../../shared/settings/schema-spam.ts';
import { parseSettings } from '../../shared/settings/schema.ts';
import type { ParsedSettings } from '../../shared/settings/schema.ts';
import { sampleDocument } from './sample-document.ts';

/** A row of a table of settings: its names, and what the column `default` says. */
interface Row {
  readonly names: readonly string[];
  readonly standard: string;
}

/** Tables by page and the heading that they stand under; the first column names settings. */
function tableUnder(page: string, heading: string): readonly Row[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const from = text.indexOf(`\n${heading}\n`);
  const lines = text.slice(from < 0 ? 0 : from + heading.length + 2).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, at) => at > first && !line.startsWith('|'));
  const [head = '', , ...rows] = lines.slice(first, end);
  const column = cellsOf(head).indexOf('default');
  return rows.map((row) => {
    const cells = cellsOf(row);
    const names = [...(cells[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    return { names, standard: cells[column] ?? '' };
  });
}

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

const below = (prefix: string, shape: object) => Object.keys(shape).map((key) => `${prefix}${key}`);
const without = (shape: object, ...keys: readonly string[]) =>
  Object.keys(shape).filter((key) => !keys.includes(key));

const GENERAL = tableUnder('configuration.md', '## General settings');
const DELIVERY = tableUnder('configuration.md', '## Delivery');
const MAILBOX = tableUnder('configuration.md', '## Mailboxes');
const LIMITS = tableUnder('configuration.md', '## Limits');
const RULES = tableUnder('configuration.md', '### Rules');
const SPAM = tableUnder('configuration.md', '### Spam');
const OAUTH = tableUnder('oauth.md', '# OAuth: Microsoft 365 and Google');

describe('every setting that the schema knows is documented, and no other', () => {
  test.each([
    ['general', GENERAL, Object.keys(generalShape)],
    [
      'delivery',
      DELIVERY,
      [
        ...without(deliveryShape, 'smtp', 'ses'),
        ...below('smtp.', smtpShape),
        ...below('ses.', sesShape),
      ],
    ],
    ['mailbox', MAILBOX, Object.keys(mailboxShape)],
    ['limits', LIMITS, Object.keys(limitsShape)],
    ['rules', RULES, [...without(ruleShape, 'when'), ...below('when.', conditionShape)]],
    ['spam', SPAM, Object.keys(spamShape)],
    ['oauth', OAUTH, Object.keys(oauthShape)],
  ])('%s', (_section, table, known) => {
    expect(table.flatMap(({ names }) => names).sort()).toEqual([...known].sort());
  });

  test('recipient sources', () => {
    const rows = tableUnder('configuration.md', '### Recipient sources');
    const blocks = rows.flatMap(({ names }) => names.filter((name) => /[:]/.test(name)));
    const keys = blocks.flatMap((text) => Object.keys(parse(text) as object));
    const known = [...Object.keys(headerSourceShape), ...Object.keys(receivedSourceShape)];
    expect([...new Set(keys)].sort()).toEqual([...new Set(known)].sort());
  });
});

/** Sets or takes away one setting of a sound configuration. */
type Put = (document: Mutable, value: unknown) => void;
type Mutable = Record<string, unknown>;

function put(place: readonly string[]): Put {
  return (document, value) => {
    const [last = '', ...path] = [...place].reverse();
    let block = document;
    for (const name of path.reverse()) {
      block[name] ??= {};
      block = block[name] as Mutable;
    }
    if (value === undefined) Reflect.deleteProperty(block, last);
    else block[last] = value;
  };
}

function parsedWith(setting: Put, value: unknown, base: object): ParsedSettings {
  const document = structuredClone(base) as Mutable;
  setting(document, value);
  return parseSettings(document, {});
}

const SMTP = sampleDocument();
/** A global mailbox asks for general settings that are optional otherwise. */
const NO_GLOBAL = { ...SMTP, mailboxes: { chris: SMTP.mailboxes.chris } };
const SES = { ...SMTP, delivery: { transport: 'ses', ses: { from: 'connector@corp.example' } } };
/** In words, or by another setting; what they mean is checked below or elsewhere in this folder. */
const IN_WORDS = new Set([
  '`host`',
  '`smtp.host`',
  '465 with `tls: implicit`, else 587',
  '995 with `tls: implicit`, else 110',
  "the system's authorities",
  'no login',
  "the environment's",
  'the general one',
  '',
]);

const ROWS = [
  ...GENERAL.map((row) => [row, [] as readonly string[]] as const),
  ...DELIVERY.map((row) => [row, ['delivery']] as const),
  ...LIMITS.map((row) => [row, ['limits']] as const),
  ...MAILBOX.map((row) => {
    const id = row.names.some((one) => ['recipientSource', 'ignore', 'rules'].includes(one))
      ? 'everyone'
      : 'chris';
    return [row, ['mailboxes', id]] as const;
  }),
].flatMap(([{ names, standard }, place]) =>
  names.map((name) => ({ path: [...place, ...name.split('.')].join('.'), standard })),
);

function baseFor(path: string): object {
  if (path.startsWith('delivery.ses.')) return SES;
  return path.includes('.') ? SMTP : NO_GLOBAL;
}

describe('a default is the one that is documented', () => {
  test.each(ROWS)('$path: $standard', ({ path, standard }) => {
    const setting = put(path.split('.'));
    const base = baseFor(path);
    const absent = parsedWith(setting, undefined, base);
    const literal = IN_WORDS.has(standard) ? null : /^`([^`]+)`$|^(\d+)$/.exec(standard);
    if (literal !== null) {
      const value = parse(literal[1] ?? literal[2] ?? '') as unknown;
      const given = parsedWith(setting, value, base);
      expect(given.problems.map(formatProblem)).toEqual([]);
      expect(absent).toEqual(given);
    } else if (standard.startsWith('required')) {
      expect(absent.problems.map((problem) => problem.path)).toContainEqual(
        expect.stringMatching(path === 'delivery' ? /^delivery/ : path),
      );
    } else if (standard === 'none') {
      expect(absent.problems.filter((problem) => problem.path === path)).toEqual([]);
      expect(absent).toEqual(parsedWith(setting, null, base));
    } else {
      expect([...IN_WORDS]).toContain(standard);
    }
  });

  test('ports, by how TLS begins', () => {
    const smtpPort = (tls: string) => {
      const { general } = parsedWith(put(['delivery', 'smtp', 'tls']), tls, SMTP);
      return general?.delivery.transport === 'ses' ? null : general?.delivery.smtp.port;
    };
    const popPort = (tls: string) =>
      parsedWith(put(['mailboxes', 'chris', 'tls']), tls, SMTP).mailboxes?.get('chris')?.port;
    expect([smtpPort('implicit'), smtpPort('starttls')]).toEqual([465, 587]);
    expect([popPort('implicit'), popPort('starttls')]).toEqual([995, 110]);
  });
});
