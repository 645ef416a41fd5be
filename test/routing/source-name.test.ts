import { describe, expect, it } from 'vitest';

import { sourceFields, sourceName } from '../../shared/routing/source-name.ts';
import type { HeaderSource, RecipientSource } from '../../shared/settings/settings.ts';

const header = (changes: Partial<HeaderSource> = {}): RecipientSource => ({
  ...{ kind: 'header', header: 'X-Original-To', position: 1, prefix: null, by: null },
  ...changes,
});

describe('a source in words', () => {
  it.each<readonly [RecipientSource, string, readonly string[]]>([
    [header(), 'X-Original-To (topmost)', ['X-Original-To']],
    [header({ position: 2 }), 'X-Original-To (number 2 from the top)', ['X-Original-To']],
    [header({ position: -1 }), 'X-Original-To (last)', ['X-Original-To']],
    [header({ position: -2 }), 'X-Original-To (number 2 from the end)', ['X-Original-To']],
    [
      header({ by: 'provider.example' }),
      'X-Original-To (topmost, above Received by provider.example)',
      ['X-Original-To'],
    ],
    [{ kind: 'received', by: 'provider.example' }, 'Received by provider.example', ['Received']],
    [{ kind: 'resent' }, 'Resent-To, Resent-Cc (newest block)', ['Resent-To', 'Resent-Cc']],
    [{ kind: 'to' }, 'To, Cc, Apparently-To', ['To', 'Cc']],
  ])('%j', (source, name, fields) => {
    expect(sourceName(source)).toBe(name);
    expect(sourceFields(source)).toEqual(fields);
  });
});
