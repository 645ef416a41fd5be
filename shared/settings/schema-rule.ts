import * as z from 'zod';
import { isBlock } from './schema-fields.ts';
import { block, lineOfText, list, optional, targetList } from './schema-value.ts';
import { fieldName } from './schema-source.ts';
import type { RoutingRule, RuleConditions } from './settings.ts';

const headerTexts = z.record(fieldName, lineOfText, {
  error: 'header names with the text to look for, such as { List-Id: text }',
});

export const conditionShape = {
  to: optional(lineOfText),
  cc: optional(lineOfText),
  any: optional(lineOfText),
  header: optional(headerTexts),
};

/** A block without any condition would match every message, or none. */
const conditions: z.ZodType<RuleConditions> = block(conditionShape)
  .refine((value) => Object.values(value).some(isGiven), {
    error: 'at least one of to, cc, any and header',
  })
  .transform(({ header, ...texts }) => ({ ...texts, header: header ?? {} }));

function isGiven(value: unknown): boolean {
  return typeof value === 'string' || (isBlock(value) && Object.keys(value).length > 0);
}

/** A rule with the examples that it has to match: `mailferry check` tries them. */
export interface ConfiguredRule extends RoutingRule {
  readonly expect: readonly RuleConditions[];
}

export const ruleShape = {
  when: conditions,
  deliverTo: targetList,
  expect: optional(list(conditions, 'a list of examples, such as [{ to: list@corp.example }]')),
};

const rule: z.ZodType<ConfiguredRule> = block(ruleShape).transform(({ expect, ...others }) => ({
  ...others,
  expect: expect ?? [],
}));

/** Rules of a global mailbox (interfaces.md): each by itself; what they do together is `rule-check.ts`. */
export const rules: z.ZodType<readonly ConfiguredRule[]> = list(
  rule,
  'a list of rules, each with when and deliverTo',
);

/** The rules that can be read, at their places; null stands for one that is wrong, so that it hides no other's fault. */
export function readableRules(value: unknown): readonly (ConfiguredRule | null)[] {
  return Array.isArray(value) ? value.map((one) => rule.safeParse(one).data ?? null) : [];
}
