import * as z from 'zod';
import { parseHost } from './host-name.ts';
import { notYetSupported } from './problem.ts';
import type { Place } from './problem.ts';
import { isBlock } from './schema-fields.ts';
import { block, list, optional, scalar } from './schema-value.ts';
import type { Problem, RecipientSource } from './settings.ts';

const SOURCE_FORM =
  'to, resent, the name of a preset, { header: Name, position: 1 } or { received: provider.example }';

/** RFC 5322 §2.2: printable ASCII but for the colon. */
const FIELD_NAME = /^[!-9;-~]{1,200}$/;
const PRESET = /^[a-z][a-z0-9-]*$/;

/** A header field's name. */
export const fieldName: z.ZodType<string> = scalar('the name of a header field', (value) =>
  typeof value === 'string' && FIELD_NAME.test(value) ? value : null,
);

const hostSuffix = scalar('the end of a host name, such as provider.example', parseHost);

const headerSource = block({
  header: fieldName,
  position: optional(
    scalar('1 (topmost), 2 …, or -1 (last), -2 …', (value) =>
      typeof value === 'number' && Number.isInteger(value) && value !== 0 ? value : null,
    ),
  ),
  prefix: optional(
    scalar('the text to strip from the local part', (value) =>
      typeof value === 'string' && value !== '' ? value : null,
    ),
  ),
  by: optional(hostSuffix),
});

const receivedSource = block({ received: hostSuffix });

const named = scalar(SOURCE_FORM, (value) =>
  typeof value === 'string' && PRESET.test(value) ? value : null,
);

/** Which of the forms was meant; each then says what is wrong with its own fields. */
function formOf(value: unknown): z.ZodType {
  if (isBlock(value) && 'header' in value) return headerSource;
  if (isBlock(value) && 'received' in value) return receivedSource;
  return named;
}

const source: z.ZodType = z.unknown().superRefine((value, context) => {
  const result = formOf(value).safeParse(value);
  for (const issue of result.error?.issues ?? []) {
    const { code, path, message } = issue;
    context.issues.push(
      code === 'unrecognized_keys' && isBlock(value)
        ? { code, path, message, keys: issue.keys, input: value }
        : { code: 'custom', path, message, input: value },
    );
  }
});

export const recipientSource: z.ZodType<unknown[]> = list(source, `a list of: ${SOURCE_FORM}`);

/** Refuses in plain words the valid sources that this version does not read. */
export function checkSources(sources: readonly unknown[], place: Place, problems: Problem[]): void {
  sources.forEach((value, index) => {
    if (value !== 'to') problems.push(notYetSupported([...place, index], 'to', value));
  });
}

/** The sources that this version reads. */
export function supportedSources(sources: readonly unknown[]): readonly RecipientSource[] {
  return sources.flatMap((value): RecipientSource[] => (value === 'to' ? [{ kind: 'to' }] : []));
}
