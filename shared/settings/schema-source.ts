import * as z from 'zod';
import { parseHost } from './host-name.ts';
import { isBlock } from './schema-fields.ts';
import { block, list, optional, quotesMissing, scalar } from './schema-value.ts';
import type { RecipientSource } from './settings.ts';
import { presetHint, presetSources } from './source-presets.ts';

const SOURCE_FORM =
  'to, resent, the name of a preset, { header: Name, position: 1 } or { received: provider.example }';

/** RFC 5322 §2.2: printable ASCII but for the colon. */
const FIELD_NAME = /^[!-9;-~]{1,200}$/;

/** A header field's name. */
export const fieldName: z.ZodType<string> = scalar('the name of a header field', (value) =>
  typeof value === 'string' && FIELD_NAME.test(value) ? value : null,
);

const hostSuffix = scalar('the end of a host name, such as provider.example', parseHost);

/** Its Received fields hold addresses among much else: only the clause `for` of a trusted one names a recipient. */
const envelopeField = fieldName.refine((name) => name.toLowerCase() !== 'received', {
  error: 'another header field; for Received write { received: provider.example }',
});

export const headerSourceShape = {
  header: envelopeField,
  position: optional(
    scalar('1 (topmost), 2 …, or -1 (last), -2 …', (value) =>
      typeof value === 'number' && Number.isInteger(value) && value !== 0 ? value : null,
    ),
  ),
  prefix: optional(
    scalar(
      'the text to strip from the local part',
      (value) => (typeof value === 'string' && value !== '' ? value : null),
      quotesMissing,
    ),
  ),
  by: optional(hostSuffix),
};

const headerSource = block(headerSourceShape).transform(
  ({ header, position, prefix, by }): readonly RecipientSource[] => [
    { kind: 'header', header, position: position ?? 1, prefix, by },
  ],
);

export const receivedSourceShape = { received: hostSuffix };

const receivedSource = block(receivedSourceShape).transform(
  ({ received }): readonly RecipientSource[] => [{ kind: 'received', by: received }],
);

const named = scalar(SOURCE_FORM, namedSources, (value) =>
  typeof value === 'string' ? presetHint(value) : undefined,
);

function namedSources(value: unknown): readonly RecipientSource[] | null {
  if (value === 'to' || value === 'resent') return [{ kind: value }];
  return typeof value === 'string' ? (presetSources(value) ?? null) : null;
}

/** Which of the forms was meant; each then says what is wrong with its own fields. */
function formOf(value: unknown): z.ZodType<readonly RecipientSource[]> {
  if (isBlock(value) && 'header' in value) return headerSource;
  if (isBlock(value) && 'received' in value) return receivedSource;
  return named;
}

const source = chosen(formOf);

/** Checks a value by the form that it seems to have, and says what is wrong by that form alone. */
function chosen<T>(formFor: (value: unknown) => z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const result = formFor(value).safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const { path, message } = issue;
      if (issue.code === 'unrecognized_keys') {
        const { code, keys } = issue;
        context.issues.push({ code, path, message, keys, input: value as Record<string, unknown> });
      } else {
        const params = issue.code === 'custom' ? issue.params : undefined;
        context.issues.push({ code: 'custom', path, message, input: value, params });
      }
    }
    return z.NEVER;
  });
}

const sources = list(source, `a list of: ${SOURCE_FORM}`).transform((found) => found.flat());

/** The sources in their order, each preset as what it stands for. One alone needs no list. */
export const recipientSource: z.ZodType<readonly RecipientSource[]> = chosen((value) =>
  typeof value === 'string' || isBlock(value) ? source : sources,
);
