import { closest, distance } from 'fastest-levenshtein';
import type { Problem } from './settings.ts';

/** Where a value stands in the configuration: keys, and positions in a list. */
export type Place = readonly (string | number)[];

/** `mailboxes.sales.deliverTo[0]`. */
export function formatPlace(place: Place): string {
  return place
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}

/** One line for people: `mailboxes.sales.prot: expected a known setting, got "prot"; did you mean "port"?` */
export function formatProblem(problem: Problem): string {
  const line = `${problem.path}: expected ${problem.expected}, got ${problem.got}`;
  return problem.hint === undefined ? line : `${line}; ${problem.hint}`;
}

/** Keys whose values are secrets, wherever they stand: neither shown nor kept. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['password', 'clientSecret', 'refreshToken']);

export function isSecretKey(key: string): boolean {
  return SECRET_KEYS.has(key);
}

const SHOWN_CHARACTERS = 80;
/** User name and password in something URL-like that was written where a host belongs. */
const URL_CREDENTIALS = /\/\/[^/\s]*@/g;

/** What stands at a place, for a problem: short, on one line, and only its kind when the place holds a secret. */
export function describe(value: unknown, place: Place): string {
  const secret = place.some((step) => typeof step === 'string' && isSecretKey(step));
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a block of settings';
  if (typeof value !== 'string') return secret ? `a ${typeof value}` : JSON.stringify(value);
  if (value === '') return 'an empty text';
  return secret ? 'a text' : quote(value);
}

/** On one line and cut, in double quotes. */
export function quote(text: string): string {
  const shown = text.replaceAll(URL_CREDENTIALS, '//…@');
  return JSON.stringify(
    shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS)}…` : shown,
  );
}

/** The known key that a mistyped one most likely meant; undefined when none is near. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lower = key.toLowerCase();
  const sameLetters = known.find((candidate) => candidate.toLowerCase() === lower);
  if (sameLetters !== undefined) return sameLetters;
  const nearest = closest(key, known);
  // A third of the letters wrong is still a slip of the hand; beyond that a suggestion only misleads.
  return distance(key, nearest) <= Math.max(2, Math.floor(key.length / 3)) ? nearest : undefined;
}
