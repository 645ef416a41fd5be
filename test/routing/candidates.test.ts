import { describe, expect, it } from 'vitest';

import { collectFields } from '../../shared/mail/header-block.ts';
import { fieldsOfSource, readSource } from '../../shared/routing/candidates.ts';
import type { HeaderSource, RecipientSource } from '../../shared/settings/settings.ts';

const field = (header: string, rest: Partial<HeaderSource> = {}): RecipientSource => ({
  ...{ kind: 'header', header, position: 1, prefix: null, by: null },
  ...rest,
});

function reading(source: RecipientSource, lines: readonly string[], maxOctets?: number) {
  const header = Buffer.from(`${lines.join('\n')}\n\n`, 'latin1');
  const fields = collectFields(header, new Set(['received', ...fieldsOfSource(source)]));
  const { candidates, ...rest } = readSource(source, header, fields, maxOctets);
  return {
    ...rest,
    candidates: candidates.map(({ entry, source: from }) =>
      entry.kind === 'address' ? `${entry.address.text} ${from}` : `?${entry.text} ${from}`,
    ),
  };
}

const faultOf = (...input: Parameters<typeof reading>) => reading(...input).fault;

describe('a source says why it gives nobody', () => {
  const received = 'Received: from x by mx.provider.example; d';
  const by = 'provider.example';

  it.each([
    ['absent', 'to', { kind: 'to' } as const],
    ['absent', 'resent', { kind: 'resent' } as const],
    ['absent', 'header', field('X-To')],
    ['absent', 'header with by', field('X-To', { by })],
    ['absent', 'received of another host', { kind: 'received', by: 'other.example' } as const],
    ['empty', 'received without for', { kind: 'received', by } as const],
  ])('%s: %s', (fault, _name, source) => {
    expect(reading(source, [received, 'Subject: s'])).toMatchObject({ fault, candidates: [] });
  });

  it('untrusted: a field of that name, but not above the Received that vouches for it', () => {
    const source = field('X-To', { by });
    expect(faultOf(source, [received, 'X-To: a@b'])).toBe('untrusted');
    expect(faultOf(source, ['X-To: a@b'])).toBe('untrusted');
    expect(faultOf(source, ['X-To: a@b', received, 'X-To: c@d'])).toBeNull();
    expect(faultOf(field('X-To', { by, position: 2 }), ['X-To: a@b', received])).toBe('absent');
  });

  it('empty: the field names nobody', () => {
    expect(faultOf(field('X-To'), ['X-To: nobody'])).toBe('empty');
    expect(faultOf({ kind: 'to' }, ['To: undisclosed-recipients:;'])).toBe('empty');
    expect(faultOf({ kind: 'to' }, ['To: a@b'])).toBeNull();
  });
});

describe('the octets of the fields that are read', () => {
  const lines = ['To: a@b, c@d', 'X: no', 'Cc: e@f'];

  it('are the values, folding included', () => {
    expect(reading({ kind: 'to' }, lines).octets).toBe(' a@b, c@d'.length + ' e@f'.length);
    expect(reading(field('X-To'), ['X-To: a@b,', ' c@d', 'X-To: y@z']).octets).toBe(10);
  });

  it('are counted and not read when they are more than allowed', () => {
    expect(reading({ kind: 'to' }, lines, 13).candidates).toHaveLength(3);
    expect(reading({ kind: 'to' }, lines, 12)).toEqual({ octets: 13, fault: null, candidates: [] });
  });
});

describe('X-Apparently-To', () => {
  it.each([
    ['a@b via c@d; x@y', ['a@b X-Apparently-To']],
    ['a@b; x@y via c@d', ['a@b X-Apparently-To']],
    ['a@b, c@d', ['a@b X-Apparently-To', 'c@d X-Apparently-To']],
    ['via@b', ['via@b X-Apparently-To']],
  ])('%s ends before the first " via " or ";"', (value, found) => {
    const source = field('X-Apparently-To');
    expect(reading(source, [`X-Apparently-To: ${value}`]).candidates).toEqual(found);
  });

  it('is the only field that is read so, whatever the case of its name', () => {
    const other = reading(field('X-To'), ['X-To: a@b via c@d; x@y']).candidates;
    expect(other).toEqual(['a@b X-To', 'c@d X-To', 'x@y X-To']);
    const lower = reading(field('x-apparently-to'), ['X-Apparently-To: a@b; x@y']).candidates;
    expect(lower).toEqual(['a@b x-apparently-to']);
  });
});

it('a prefix does not make an address of what is none', () => {
  const source = field('X-To', { prefix: 'box-' });
  expect(reading(source, ['X-To: box-a@b@c, BOX-d@e, box-@f']).candidates).toEqual([
    '?box-a@b@c X-To',
    'd@e X-To',
    '?box-@f X-To',
  ]);
});

it('Received names nobody where several addresses stand behind `for`, in one word or in more', () => {
  const source: RecipientSource = { kind: 'received', by: 'y' };
  const line = (words: string) => [`Received: from x by y for ${words}; d`];
  expect(reading(source, line('<a@b>')).candidates).toEqual(['a@b Received']);
  expect(reading(source, line('<a@b>,<c@d>')).fault).toBe('empty');
  expect(reading(source, line('<a@b> <c@d>')).fault).toBe('empty');
  expect(reading(source, line('<a@b> for nobody')).fault).toBe('empty');
});

it('the newest resent block is read by its two fields', () => {
  const lines = ['Resent-Cc: a@b', 'Resent-To: c@d', 'Resent-From: e@f', 'Resent-To: x@y'];
  expect(fieldsOfSource({ kind: 'resent' })).toEqual(['resent-to', 'resent-cc']);
  expect(reading({ kind: 'resent' }, lines).candidates).toEqual(['c@d Resent-To', 'a@b Resent-Cc']);
});
