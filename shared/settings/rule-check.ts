import { decodedText } from '../mail/decoded-text.ts';
import { comparableText, textsOfExample } from '../routing/field-texts.ts';
import { covers, matches } from '../routing/rules.ts';
import type { Place } from './problem.ts';
import { wrong } from './schema-fields.ts';
import type { ConfiguredRule } from './schema-rule.ts';
import type { Problem, RuleConditions } from './settings.ts';

/**
 * Reports rules that can never match or never add anybody, and examples that their rule does not match.
 * @param rules null: wrong by itself, and reported
 */
export function checkRules(
  rules: readonly (ConfiguredRule | null)[],
  place: Place,
  problems: Problem[],
): void {
  for (const [index, rule] of rules.entries()) {
    if (rule === null) continue;
    const at = [...place, index];
    for (const { key, text } of textsOf(rule.when)) {
      checkText(text, [...at, 'when', ...key], problems);
    }
    checkCovered(rule, rules.slice(0, index), at, problems);
    for (const [number, example] of rule.expect.entries()) {
      if (matchesExample(rule.when, example)) continue;
      const expected = 'an example that the rule matches';
      const got = textsOf(example).map(({ key, text }) => `${key.join('.')}: ${text}`);
      problems.push(wrong([...at, 'expect', number], expected, got.join(', ')));
    }
  }
}

interface PlacedText {
  readonly key: readonly string[];
  readonly text: string;
}

function textsOf({ header, ...texts }: RuleConditions): readonly PlacedText[] {
  const plain = Object.entries(texts).flatMap(([key, text]) =>
    text === null ? [] : [{ key: [key], text }],
  );
  const named = Object.entries(header).map(([name, text]) => ({ key: ['header', name], text }));
  return [...plain, ...named];
}

/** A rule looks at fields as people read them: what is encoded, or blank, stands in none. */
function checkText(text: string, place: Place, problems: Problem[]): void {
  const comparable = comparableText(text);
  if (comparable === '') {
    problems.push(wrong(place, 'a text with more than blanks', text));
    return;
  }
  const read = decodedText(Buffer.from(text));
  if (comparableText(read) === comparable) return;
  const hint = `fields are decoded first; write ${JSON.stringify(read)}`;
  problems.push(wrong(place, 'a text as people read it', text, hint));
}

/** All rules that match add their recipients: one whose recipients an earlier rule always adds does nothing. */
function checkCovered(
  rule: ConfiguredRule,
  earlier: readonly (ConfiguredRule | null)[],
  place: Place,
  problems: Problem[],
): void {
  const same = earlier.findIndex(
    (one) => one !== null && covers(one.when, rule.when) && covers(rule.when, one.when),
  );
  if (same !== -1) {
    const expected = `conditions of its own: rule ${same + 1} has the very same`;
    problems.push(wrong([...place, 'when'], expected, rule.when, 'put the addresses there'));
    return;
  }
  const wider = earlier.findIndex(
    (one) =>
      one !== null &&
      covers(one.when, rule.when) &&
      rule.deliverTo.every((address) => includesAddress(one.deliverTo, address)),
  );
  if (wider === -1) return;
  const expected = `a rule that can add somebody: rule ${wider + 1} matches whenever this one does, and has its recipients`;
  problems.push(wrong([...place, 'when'], expected, rule.when));
}

function includesAddress(list: readonly string[], address: string): boolean {
  return list.some((one) => one.toLowerCase() === address.toLowerCase());
}

/** `any` in an example may stand in To as well as in Cc: either will do. */
function matchesExample(when: RuleConditions, { to, cc, any, header }: RuleConditions): boolean {
  const named = Object.entries(header).map(([name, text]) => [name.toLowerCase(), text] as const);
  const given = [['to', to ?? any] as const, ['cc', cc ?? any] as const];
  const values = new Map(named);
  for (const [name, text] of given) if (text !== null) values.set(name, text);
  return matches(when, textsOfExample(values));
}
