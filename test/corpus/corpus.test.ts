import { describe, expect, it } from 'vitest';

import { splitHeader } from '../../shared/mail/header-block.ts';
import { applyEdits } from '../../shared/mail/header-edits.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import { explainInWords, explanation } from '../../shared/routing/explain.ts';
import { CASES, decideCase, readCase, readMessage } from './corpus-case.ts';

/**
 * Messages with the decision that is right for them (`.json` beside each), by provenance: what RFCs say, what
 * providers write, what is malformed, and what is hostile.
 */

const forms = [
  { form: 'LF', lines: (text: string) => text },
  { form: 'CRLF', lines: (text: string) => text.replace(/(?<!\r)\n/g, '\r\n') },
];

const runs = CASES.flatMap((name) => {
  const found = readCase(name);
  const all = found.lines === 'as they are' ? forms.slice(0, 1) : forms;
  return all.map(
    ({ form, lines }) => [`${name} with ${form}: ${found.about}`, name, found, lines] as const,
  );
});

it('finds its cases in each of its four folders', () => {
  expect(new Set(CASES.map((name) => name.split('/')[0]))).toEqual(
    new Set(['hostile', 'malformed', 'providers', 'rfc']),
  );
  expect(CASES.length).toBeGreaterThanOrEqual(200);
});

describe('corpus', () => {
  it.each(runs)('%s', (_title, name, found, lines) => {
    const message = withLines(name, lines);
    const { decision } = decideCase(found, message);
    const sent = sentMessage(message, decision);

    const { recipientCount, warning, top, body, contains, sameAs, differsFrom, ...decided } =
      found.expect;
    const summed = Object.entries(summary(decision)).filter(([key]) => key in decided);
    expect(Object.fromEntries(summed)).toEqual(decided);
    if (recipientCount !== undefined) expect(decision.recipients).toHaveLength(recipientCount);
    expect(decision.warnings).toEqual(
      warning === undefined ? [] : [expect.stringContaining(warning) as string],
    );
    if (top !== undefined) expect(sent.split(/\r?\n/)[0]).toBe(top);
    if (body !== undefined) expect(bodyOf(sent)).toBe(lines(body));
    if (contains !== undefined) expect(sent).toContain(lines(contains));
    if (sameAs !== undefined) expect(duplicateKey(name, lines)).toBe(duplicateKey(sameAs, lines));
    if (differsFrom !== undefined) {
      expect(duplicateKey(name, lines)).not.toBe(duplicateKey(differsFrom, lines));
    }
  });

  it.each(CASES)('%s is explained in words, each recipient and reason by name', (name) => {
    const { decision } = decideCase(readCase(name), readMessage(name));
    const words = explainInWords(decision).join('\n');
    for (const { address, alias } of decision.recipients) {
      expect(words).toContain(address);
      expect(words).toContain(alias ?? '');
    }
    for (const { address, reason } of decision.ignored) {
      expect(words).toContain(address);
      expect(words).toContain(reason);
    }
    for (const warning of decision.warnings) expect(words).toContain(warning);
  });
});

function withLines(name: string, lines: (text: string) => string): Buffer {
  return Buffer.from(lines(readMessage(name).toString('latin1')), 'latin1');
}

function duplicateKey(name: string, lines: (text: string) => string): string {
  return decideCase(readCase(name), withLines(name, lines)).duplicateKey;
}

/** A character an octet. */
function sentMessage(message: Buffer, { edits }: Decision): string {
  const split = splitHeader(message, true);
  if (split === null) throw new Error('a whole message has a header block');
  const body = message.subarray(split.bodyStart);
  return Buffer.concat([applyEdits(split.header, edits), body]).toString('latin1');
}

function bodyOf(sent: string): string {
  const emptyLine = /\r?\n\r?\n/.exec(sent);
  return emptyLine === null ? '' : sent.slice(emptyLine.index + emptyLine[0].length);
}

function summary(decision: Decision) {
  const { outcome, recipients, ignored, mailFrom, removed, renamed, added } = explanation(decision);
  return {
    outcome,
    recipients: recipients.map(({ address, source, alias, rule }) =>
      [
        `${address} ${source}`,
        ...(alias === null ? [] : [alias]),
        ...(rule === null ? [] : [`#${rule}`]),
      ].join(' '),
    ),
    ignored: ignored.map(({ address, source, reason }) => `${address} ${source}: ${reason}`),
    ignoredCount: decision.ignoredCount,
    mailFrom,
    removed,
    renamed,
    added,
  };
}
