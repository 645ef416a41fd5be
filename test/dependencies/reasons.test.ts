import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const DECISIONS = join(ROOT, 'docs/decisions');

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const { dependencies, devDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Package;
const lines = readdirSync(DECISIONS).flatMap((name) =>
  readFileSync(join(DECISIONS, name), 'utf8').split('\n'),
);
/** Where a decision is about something: its title, and the first column of its tables. A mention elsewhere is no reason. */
const subjects = lines.flatMap((line) => {
  if (line.startsWith('# ')) return [line];
  return line.startsWith('| ') ? [line.split('|')[1] ?? ''] : [];
});

function isSubject(name: string): boolean {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const word = new RegExp(`(?<![\\w@/.-])${escaped}(?![\\w/-])`, 'i');
  return subjects.some((subject) => word.test(subject));
}

const all = Object.entries({ ...dependencies, ...devDependencies });

test.each(all.map(([name]) => [name]))('%s has a reason in docs/decisions/', (name) => {
  // Types come with what they describe.
  const described = name.replace(/^@types\//, '');
  expect([name, described].some(isSubject)).toBe(true);
});

test('every version is exact: what was tested is what is installed', () => {
  expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
