import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../shared/settings/problem.ts';
import { readYaml } from '../../shared/settings/yaml-document.ts';

describe('readYaml', () => {
  it('reads plain data', () => {
    const text = 'a: 1\nb: [x, yes, "2"]\nc: &one { d: null }\ne: *one\n';
    expect(readYaml(text, 'f', 'core')).toEqual({
      data: { a: 1, b: ['x', 'yes', '2'], c: { d: null }, e: { d: null } },
      problems: [],
    });
  });

  it('reads text as written with the failsafe schema', () => {
    expect(readYaml('a: 0123\nb: 1e5\nc: true\nd: 0x1F', 'f', 'failsafe').data).toEqual({
      a: '0123',
      b: '1e5',
      c: 'true',
      d: '0x1F',
    });
  });

  it.each([
    ['a: 1\nb: 2\na: 3', 'f:3:1: expected YAML, got a key that stands there already'],
    ['a:\n\tb: 1', 'f:2:1: expected YAML, got a tab as indentation'],
    [
      'a: hunter2: b',
      'f:1:4: expected YAML, got a second "key: value" on the line, or a missing quote',
    ],
    [
      'a: [1, 2\nb: 3',
      'f:2:1: expected YAML, got a wrong indentation, or a bracket that is not closed',
    ],
    ['a: @hunter2', 'f:1:4: expected YAML, got a text that needs quotes'],
    ['a: !hunter2', 'f:1:4: expected YAML, got a tag (a text that starts with "!" needs quotes)'],
    [
      'a: *hunter2',
      'f:1:4: expected YAML, got an alias of nothing (a text that starts with "*" needs quotes)',
    ],
    [
      'a: &hunter2 b',
      'f:1:13: expected YAML, got an anchor that nothing refers to (a text that starts with "&" needs quotes)',
    ],
    ['a: 1\n---\nb: 2', 'f:2:1: expected YAML, got a second document'],
  ])('refuses %j with line and column, quoting nothing', (text, line) => {
    const { data, problems } = readYaml(text, 'f', 'core');
    expect(problems.map(formatProblem)).toContain(line);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
    expect(data).toBeUndefined();
  });

  it('says every fault at once', () => {
    const { problems } = readYaml('a: @x\nb: !y 1\na: 2', 'f', 'core');
    expect(problems.map(({ path }) => path)).toEqual(['f:1:4', 'f:2:4', 'f:3:1']);
  });

  it('does not expand aliases without bound', () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const inner = level === 0 ? '[x]' : `[${`*l${level - 1},`.repeat(9)}]`;
      return `l${level}: &l${level} ${inner}`;
    });
    const { data, problems } = readYaml(`${levels.join('\n')}\nz: *l8`, 'f', 'core');
    expect(data).toBeUndefined();
    expect(problems.map(({ got }) => got)).toEqual(['aliases that expand too far']);
  });
});
