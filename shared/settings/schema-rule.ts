import * as z from 'zod';
import { isBlock } from './schema-fields.ts';
import { addressList, block, lineOfText, list, optional, scalar } from './schema-value.ts';
import { fieldName } from './schema-source.ts';

const headerTexts = z.record(fieldName, lineOfText, {
  error: 'header names with the text to look for, such as { List-Id: text }',
});

const condition = {
  to: optional(lineOfText),
  cc: optional(lineOfText),
  any: optional(lineOfText),
  header: optional(headerTexts),
};

/** A block without any condition would match every message, or none. */
const conditions = block(condition).refine((value) => Object.values(value).some(isGiven), {
  error: 'at least one of to, cc, any and header',
});

function isGiven(value: unknown): boolean {
  return typeof value === 'string' || (isBlock(value) && Object.keys(value).length > 0);
}

/** Rules of a global mailbox (interfaces.md): their form alone, until routing asks them. */
export const rules = list(
  block({
    when: conditions,
    deliverTo: addressList,
    expect: optional(list(conditions, 'a list of examples, such as [{ to: list@corp.example }]')),
  }),
  'a list of rules, each with when and deliverTo',
);

/** No form is settled yet; anything given is refused as not yet supported. */
export const spam = optional(scalar('settings of the spam rule', (value) => value ?? null));
