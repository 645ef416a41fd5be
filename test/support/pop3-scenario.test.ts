import { describe, expect, it } from 'vitest';

import { ruled } from './pop3-rule.ts';
import { readScenario } from './pop3-scenario.ts';

const HEAD = 'title: a server that is not well\nexpect: [{ status: ok }]\n';

describe('a scenario file', () => {
  it('is played once for each combination of what its rules list', () => {
    const text = `${HEAD}rules:
  - { on: RETR 1, cut: [0, -1], then: [close, stall] }
  - { on: QUIT, then: reset }
`;
    const scenarios = readScenario('some.yaml', text);
    expect(scenarios.map(({ name }) => name)).toEqual([
      'some, cut 0, then close',
      'some, cut 0, then stall',
      'some, cut -1, then close',
      'some, cut -1, then stall',
    ]);
    expect(scenarios[3]?.script().rules.rules).toEqual([
      { on: 'RETR 1', cut: -1, then: 'stall' },
      { on: 'QUIT', then: 'reset' },
    ]);
  });

  it.each([
    ['an unknown key', `${HEAD}rulez: []\n`, 'rulez'],
    ['an unknown key of a rule', `${HEAD}rules: [{ on: RETR, cutt: 1 }]\n`, 'cutt'],
    ['no expectation', 'title: a server that is not well\n', 'expect'],
  ])('with %s is refused by its name', (_, text, word) => {
    expect(() => readScenario('some.yaml', text)).toThrow(/^some\.yaml: /);
    expect(() => readScenario('some.yaml', text)).toThrow(word);
  });

  it('replaces in the lines of an answer', () => {
    const text = `${HEAD}rules:
  - on: LIST
    replace: [{ find: '^2 \\d+', put: '2 many' }]
`;
    const [rule] = readScenario('some.yaml', text)[0]?.script().rules.rules ?? [];
    const { octets } = ruled(rule ?? null, Buffer.from('+OK\r\n1 10\r\n2 20\r\n.\r\n'), '');
    expect(octets.toString()).toBe('+OK\r\n1 10\r\n2 many\r\n.\r\n');
  });

  it('counts how often a rule was met, and stops after as many times as it says', () => {
    const text = `${HEAD}rules: [{ on: NOOP, times: 1, instead: "-ERR\\r\\n" }]\n`;
    const book = readScenario('some.yaml', text)[0]?.script().rules;
    const rule = book?.take('noop', 1);
    expect(rule?.on).toBe('NOOP');
    expect(book?.take('NOOP', 1)).toBeNull();
    expect(book?.take('NOOPS', 1)).toBeNull();
  });
});
