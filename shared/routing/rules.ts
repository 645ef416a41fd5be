import type { RoutingRule, RuleConditions } from '../settings/settings.ts';
import type { DecidedRecipient } from './decision.ts';
import { comparableText } from './field-texts.ts';
import type { FieldTexts } from './field-texts.ts';

/** The recipients of each rule that matches, in order; the first rule that names somebody is the one that is told. */
export function ruleRecipients(
  rules: readonly RoutingRule[],
  textsOf: FieldTexts,
): readonly DecidedRecipient[] {
  return rules.flatMap(({ when, deliverTo }, index) =>
    matches(when, textsOf)
      ? deliverTo.map((address) => ({ address, source: 'rule', rule: index + 1, alias: null }))
      : [],
  );
}

/** Whether all conditions hold. */
export function matches(when: RuleConditions, textsOf: FieldTexts): boolean {
  return conditionsOf(when).every(({ names, text }) =>
    names.some((name) => textsOf(name).some((value) => value.includes(text))),
  );
}

/** The fields that rules look at, in lower case. */
export function fieldsOfRules(rules: readonly RoutingRule[]): readonly string[] {
  return rules.flatMap(({ when }) => conditionsOf(when).flatMap(({ names }) => names));
}

/** One text in one of some fields. */
export interface Condition {
  /** Lower case. */
  readonly names: readonly string[];
  readonly text: string;
}

function conditionsOf({ to, cc, any, header }: RuleConditions): readonly Condition[] {
  const given: readonly (readonly [readonly string[], string | null])[] = [
    [['to'], to],
    [['cc'], cc],
    [['to', 'cc'], any],
    ...Object.entries(header).map(([name, text]) => [[name.toLowerCase()], text] as const),
  ];
  return given.flatMap(([names, text]) =>
    text === null ? [] : [{ names, text: comparableText(text) }],
  );
}

/** Whether whatever meets `narrow` meets `wide` too. */
export function covers(wide: RuleConditions, narrow: RuleConditions): boolean {
  const given = conditionsOf(narrow);
  return conditionsOf(wide).every((condition) =>
    given.some(
      ({ names, text }) =>
        names.every((name) => condition.names.includes(name)) && text.includes(condition.text),
    ),
  );
}
