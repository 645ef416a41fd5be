import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { splitHeader } from '../../shared/mail/header-block.ts';
import { applyEdits } from '../../shared/mail/header-edits.ts';
import { decide } from '../../shared/routing/decide.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import { explanation } from '../../shared/routing/explain.ts';
import { globalMailbox, routingInput, userMailbox } from '../routing/routing-input.ts';

/** What stands in NNN.json beside NNN.eml; what is left out is not compared. */
interface Case {
  readonly about: string;
  readonly mailbox?: {
    readonly type?: 'user';
    readonly deliverTo?: readonly string[];
    readonly ignore?: readonly string[];
    readonly undeliverable?: string;
  };
  readonly general?: {
    readonly domains?: readonly string[];
    readonly aliases?: Readonly<Record<string, readonly string[]>>;
    readonly recipients?: readonly string[];
    readonly sender?: string;
  };
  readonly expect: Expected;
}

interface Expected {
  readonly outcome: Decision['outcome'];
  /** `address source`, and the alias where there is one. */
  readonly recipients?: readonly string[];
  readonly recipientCount?: number;
  /** `address source: reason`. */
  readonly ignored?: readonly string[];
  readonly ignoredCount?: number;
  readonly mailFrom?: string;
  readonly removed?: readonly string[];
  readonly renamed?: Readonly<Record<string, string>>;
  readonly added?: readonly string[];
  /** Beginning of the only warning. */
  readonly warning?: string;
  /** First line of what goes out. */
  readonly top?: string;
  /** All behind the first empty line of what goes out. */
  readonly body?: string;
  /** Somewhere in what goes out. */
  readonly contains?: string;
}

const folder = fileURLToPath(new URL('.', import.meta.url));
const files = globSync('*/*.eml', { cwd: folder }).sort();

const forms = [
  { name: 'LF', lines: (text: string) => text },
  { name: 'CRLF', lines: (text: string) => text.replace(/(?<!\r)\n/g, '\r\n') },
];

it('finds its cases in each of its four folders', () => {
  expect(new Set(files.map((file) => file.split('/')[0]))).toEqual(
    new Set(['hostile', 'malformed', 'providers', 'rfc']),
  );
  expect(files.length).toBeGreaterThanOrEqual(40);
});

describe.each(forms)('corpus in $name', ({ lines }) => {
  it.each(files)('%s', (file) => {
    const { about, mailbox, general, expect: expected } = caseOf(file);
    const message = Buffer.from(lines(readFileSync(`${folder}${file}`, 'latin1')), 'latin1');
    const split = splitHeader(message, true);
    if (split === null) throw new Error('a whole message has a header block');
    const { decision } = decide({
      ...routingInput({ header: split.header, general: generalOf(general) }),
      mailbox: mailboxOf(mailbox),
    });
    const sent = Buffer.concat([
      applyEdits(split.header, decision.edits),
      message.subarray(split.bodyStart),
    ]).toString('latin1');

    const { recipientCount, warning, top, body, contains, ...decided } = expected;
    const found = Object.entries(summary(decision)).filter(([name]) => name in decided);
    expect(Object.fromEntries(found), about).toEqual(decided);
    if (recipientCount !== undefined) expect(decision.recipients).toHaveLength(recipientCount);
    expect(decision.warnings).toEqual(
      warning === undefined ? [] : [expect.stringContaining(warning) as string],
    );
    if (top !== undefined) expect(sent.split(/\r?\n/)[0]).toBe(top);
    if (body !== undefined) expect(sent.slice(/\r?\n\r?\n|$/.exec(sent)?.index).replace(/^\r?\n\r?\n/, '')).toBe(lines(body));
    if (contains !== undefined) expect(sent).toContain(lines(contains));
  });
});

function caseOf(file: string): Case {
  return JSON.parse(readFileSync(`${folder}${file.replace(/eml$/, 'json')}`, 'utf8')) as Case;
}

function mailboxOf(overrides: Case['mailbox']) {
  if (overrides?.type === 'user') return userMailbox(overrides.deliverTo ?? []);
  return globalMailbox({
    ignore: new Set(overrides?.ignore),
    ...(overrides?.undeliverable === undefined ? {} : { undeliverable: overrides.undeliverable }),
  });
}

function generalOf(overrides: Case['general'] = {}) {
  const { domains, aliases, recipients, sender } = overrides;
  return {
    ...(domains === undefined ? {} : { domains }),
    ...(aliases === undefined ? {} : { aliases: new Map(Object.entries(aliases)) }),
    ...(recipients === undefined ? {} : { recipients: new Set(recipients) }),
    ...(sender === undefined ? {} : { sender }),
  };
}

function summary(decision: Decision) {
  const { outcome, recipients, ignored, mailFrom, removed, renamed, added } = explanation(decision);
  return {
    outcome,
    recipients: recipients.map(({ address, source, alias }) =>
      [address, source, ...(alias === null ? [] : [alias])].join(' '),
    ),
    ignored: ignored.map(({ address, source, reason }) => `${address} ${source}: ${reason}`),
    ignoredCount: decision.ignoredCount,
    mailFrom,
    removed,
    renamed,
    added,
  };
}
