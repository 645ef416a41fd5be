import * as z from 'zod';
import { MAX_RECIPIENTS } from '../routing/decision.ts';
import {
  ADDRESS_FORM,
  formatConfiguredAddress,
  parseComparedAddress,
  parseConfiguredAddress,
} from './configured-address.ts';
import { BLOCK_FORM } from './schema-fields.ts';
import type { Shape } from './schema-fields.ts';

/** A block within a field. Its message for unknown keys is the list of the known ones, for {@link problemsOf}. */
export function block<S extends Shape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : BLOCK_FORM,
  });
}

/** A value read by a function that gives null for a wrong one. */
export function scalar<T>(
  expected: string,
  read: (value: unknown) => T | null,
  hint?: (value: unknown) => string | undefined,
): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const result = read(value);
    if (result !== null) return result;
    context.issues.push({
      code: 'custom',
      message: expected,
      input: value,
      params: { hint: hint?.(value) },
    });
    return z.NEVER;
  });
}

/** What a value has that is given only sometimes. */
export function optional<T>(schema: z.ZodType<T>): z.ZodType<T | null> {
  return schema.nullish().transform((value) => value ?? null);
}

export function orElse<T>(schema: z.ZodType<T>, absent: T): z.ZodType<T> {
  return schema.nullish().transform((value) => value ?? absent);
}

export function list<T>(item: z.ZodType<T>, expected: string): z.ZodType<T[]> {
  return z.array(item, { error: expected }).min(1, { error: expected });
}

export function choice<const T extends string>(values: readonly T[]): z.ZodType<T> {
  return z.enum(values, { error: values.join(', ').replace(/, (?=[^,]*$)/, ' or ') });
}

export function wholeNumber(least: number, most: number): z.ZodType<number> {
  return scalar(`a whole number from ${least} to ${most}`, (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : null,
  );
}

export const flag: z.ZodType<boolean> = z.boolean({ error: 'true or false' });

/** Line breaks would end a POP3 or SMTP command within a value, and NUL separates the parts of SASL PLAIN (RFC 4616 §2). */
export function hasForbiddenOctet(text: string): boolean {
  return /[\r\n\0]/.test(text);
}

/** One line of text that may be sent within a command. */
export const lineOfText: z.ZodType<string> = scalar(
  'a text without line breaks and NUL',
  (value) =>
    typeof value === 'string' && value !== '' && !hasForbiddenOctet(value) ? value : null,
  quotesMissing,
);

/** YAML reads `0123` and `true` as something else than text. */
export function quotesMissing(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'boolean' ? 'put it in quotes' : undefined;
}

/** An address with its local part as written. */
export const address: z.ZodType<string> = scalar(ADDRESS_FORM, (value) => {
  const parsed = parseConfiguredAddress(value);
  return parsed === null ? null : formatConfiguredAddress(parsed);
});

const ADDRESS_LIST_FORM = 'a list of mail addresses, such as [chris@corp.example]';

export const TOO_MANY_TARGETS = `at most ${MAX_RECIPIENTS} addresses, since a message for more is held`;

/** Who gets mail. */
export const targetList: z.ZodType<string[]> = list(address, ADDRESS_LIST_FORM).refine(
  (texts) => texts.length <= MAX_RECIPIENTS,
  { error: TOO_MANY_TARGETS },
);

/** Addresses to compare with, as mail's are compared. */
export const comparedAddressList: z.ZodType<string[]> = list(
  scalar(ADDRESS_FORM, parseComparedAddress),
  ADDRESS_LIST_FORM,
);
