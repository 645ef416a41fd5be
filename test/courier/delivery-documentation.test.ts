import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { transactionVerdict } from '../../shared/courier/reply-classification.ts';
import { parseReply } from '../../shared/courier/smtp-reply.ts';

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/delivery.md'), 'utf8');
const VERDICTS = { sent: 'sent', waits: 'temporary', failed: 'permanent' } as const;

/** Each reply of the table with the end that the document states. */
const ROWS = [...DOCUMENT.matchAll(/^\| (`\d{3}[^|]*) \| (sent|waits|failed) *\|/gm)].flatMap(
  ([, replies = '', end = '']) =>
    [...replies.matchAll(/`([^`]+)`/g)].map(
      ([, reply = '']) => [reply, end as keyof typeof VERDICTS] as const,
    ),
);

describe('the table of replies in docs/delivery.md', () => {
  it('is read whole', () => {
    expect(ROWS.length).toBeGreaterThan(60);
    expect(new Set(ROWS.map(([, end]) => end))).toEqual(new Set(Object.keys(VERDICTS)));
  });

  it.each(ROWS)('%s: %s', (reply, end) => {
    expect(transactionVerdict(parseReply(`${reply} words`)).verdict).toBe(VERDICTS[end]);
  });
});
