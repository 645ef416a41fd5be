import { describe as suite, expect, it } from 'vitest';
import {
  describe,
  formatPlace,
  formatProblem,
  nearestKey,
  quote,
} from '../../shared/settings/problem.ts';

suite('formatProblem', () => {
  it('is one line, with the hint at its end', () => {
    const problem = {
      path: 'mailboxes.sales.prot',
      expected: 'a known setting',
      got: '"prot"',
      severity: 'error',
    } as const;
    expect(formatProblem(problem)).toBe(
      'mailboxes.sales.prot: expected a known setting, got "prot"',
    );
    expect(formatProblem({ ...problem, hint: 'did you mean "port"?' })).toBe(
      'mailboxes.sales.prot: expected a known setting, got "prot"; did you mean "port"?',
    );
  });
});

suite('formatPlace', () => {
  it('writes keys with dots and positions in brackets', () => {
    expect(formatPlace(['mailboxes', 'sales', 'deliverTo', 0])).toBe(
      'mailboxes.sales.deliverTo[0]',
    );
    expect(formatPlace([])).toBe('');
  });
});

suite('describe', () => {
  it.each([
    [undefined, 'nothing'],
    [null, 'nothing'],
    ['', 'an empty text'],
    ['a', '"a"'],
    [5, '5'],
    [false, 'false'],
    [[], 'an empty list'],
    [[1], 'a list'],
    [{}, 'a block of settings'],
  ])('%j: %s', (value, shown) => {
    expect(describe(value, ['a'])).toBe(shown);
  });

  it.each(['password', 'clientSecret', 'refreshToken'])(
    'shows the kind alone at and below %s',
    (key) => {
      expect(describe('hunter2', ['mailboxes', 'a', key])).toBe('a text');
      expect(describe(4711, ['mailboxes', 'a', key])).toBe('a number');
      expect(describe('hunter2', ['mailboxes', 'a', key, 'secret'])).toBe('a text');
    },
  );
});

suite('quote', () => {
  it('stays on one line, cut, and without credentials', () => {
    expect(quote('a\r\nb')).toBe('"a\\r\\nb"');
    expect(quote('x'.repeat(200))).toBe(`"${'x'.repeat(80)}…"`);
    expect(quote('https://me:hunter2@host/')).toBe('"https://…@host/"');
  });
});

suite('nearestKey', () => {
  const known = ['port', 'host', 'username', 'recipientSource', 'logLevel'];

  it.each([
    ['prot', 'port'],
    ['Host', 'host'],
    ['user', undefined],
    ['user_name', 'username'],
    ['recipientsources', 'recipientSource'],
    ['LOGLEVEL', 'logLevel'],
    ['completelyelse', undefined],
  ])('%s: %s', (key, nearest) => {
    expect(nearestKey(key, known)).toBe(nearest);
  });

  it('has nothing to suggest among none', () => {
    expect(nearestKey('x', [])).toBeUndefined();
  });
});
