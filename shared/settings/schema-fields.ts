import type { z } from 'zod';
import { describe, formatPlace, nearestKey, quote } from './problem.ts';
import type { Place } from './problem.ts';
import type { Problem } from './settings.ts';

/**
 * The zod schemas of this folder say in each error message what was expected, in words for people; what was got is
 * read from the document by {@link problemsOf}. `null` means "absent" throughout: `aliases:` with nothing below it is
 * null in YAML.
 */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** The values of a block; undefined: wrong, and reported. */
export type Fields<S extends Shape> = { readonly [Key in keyof S]: z.output<S[Key]> | undefined };

/** The same fields when none is wrong. */
export type Complete<F> = { readonly [Key in keyof F]: Exclude<F[Key], undefined> };

/**
 * Reads a block field by field, so that one wrong field hides no other, and rules between fields can be checked with
 * those that are right.
 */
export function readFields<S extends Shape>(
  shape: S,
  value: unknown,
  place: Place,
  problems: Problem[],
): Fields<S> {
  if (value !== undefined && value !== null && !isBlock(value)) {
    problems.push(wrong(place, BLOCK_FORM, value));
    return Object.fromEntries(Object.keys(shape).map((key) => [key, undefined])) as Fields<S>;
  }
  const given = value ?? {};
  const known = Object.keys(shape);
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(shape, key)) problems.push(unknownKey([...place, key], key, known));
  }
  const fields = Object.entries(shape).map(([key, schema]) => {
    const input = Object.hasOwn(given, key) ? given[key] : undefined;
    const result = schema.safeParse(input);
    if (result.success) return [key, result.data];
    problems.push(...problemsOf(result.error.issues, input, [...place, key]));
    return [key, undefined];
  });
  return Object.fromEntries(fields) as Fields<S>;
}

/** True when no field is wrong. */
export function isComplete<F extends object>(fields: F): fields is F & Complete<F> {
  return Object.values(fields).every((value) => value !== undefined);
}

export function isBlock(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const BLOCK_FORM = 'a block of settings (key: value)';

/** An error at a place. */
export function wrong(place: Place, expected: string, value: unknown, hint?: string): Problem {
  const problem: Problem = {
    path: formatPlace(place),
    expected,
    got: describe(value, place),
    severity: 'error',
  };
  return hint === undefined ? problem : { ...problem, hint };
}

export function warning(place: Place, expected: string, got: string): Problem {
  return { path: formatPlace(place), expected, got, severity: 'warning' };
}

function unknownKey(place: Place, key: string, known: readonly string[]): Problem {
  const nearest = nearestKey(key, known);
  const hint = nearest === undefined ? undefined : `did you mean ${quote(nearest)}?`;
  // The key and never its value: a mistyped `pasword` still holds the password.
  return { ...wrong(place, 'a known setting', undefined, hint), got: quote(key) };
}

function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  place: Place,
): readonly Problem[] {
  return issues.flatMap((issue) => {
    const inner = issue.path.filter((step) => typeof step !== 'symbol');
    const at = [...place, ...inner];
    if (issue.code === 'unrecognized_keys') {
      const known = issue.message.split(' ');
      return issue.keys.map((key) => unknownKey([...at, key], key, known));
    }
    const hint: unknown = issue.code === 'custom' ? issue.params?.['hint'] : undefined;
    return [
      wrong(at, issue.message, valueAt(input, inner), typeof hint === 'string' ? hint : undefined),
    ];
  });
}

/** What stands at a place of plain data; undefined: nothing. */
export function valueAt(input: unknown, path: Place): unknown {
  return path.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return value[Number(step)] as unknown;
    return isBlock(value) && Object.hasOwn(value, step) ? value[String(step)] : undefined;
  }, input);
}
