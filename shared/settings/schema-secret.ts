import type { z } from 'zod';
import { isSecretKey } from './problem.ts';
import { isBlock, warning } from './schema-fields.ts';
import { hasForbiddenOctet, quotesMissing, scalar } from './schema-value.ts';
import type { Place } from './problem.ts';
import type { Problem, SecretRef } from './settings.ts';

/** Names become names of parameters in SSM and of variables of the environment. */
const SECRET_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * What stands for a plain secret in the kept copy of a configuration. Nothing reads it as a password: a mailbox that
 * has it is broken until the file can be read again.
 */
const WITHHELD = { withheld: true };

export const SECRET_FORM = '{ secret: name }, or the password itself as a text without line breaks';

/**
 * `{ secret: name }`, or the secret itself. Anything else is refused as a whole and without a look inside: an unquoted
 * `{hunter2}` is a block to YAML, and its key is the password.
 */
export const secretRef: z.ZodType<SecretRef> = scalar(SECRET_FORM, readSecretRef, (value) =>
  isBlock(value) && value['withheld'] === true
    ? 'the kept copy of the configuration holds no passwords'
    : quotesMissing(value),
);

function readSecretRef(value: unknown): SecretRef | null {
  if (typeof value === 'string') {
    return value === '' || hasForbiddenOctet(value) ? null : { kind: 'plain', value };
  }
  if (!isBlock(value) || Object.keys(value).length !== 1) return null;
  const name = value['secret'];
  return typeof name === 'string' && isSecretName(name) ? { kind: 'named', name } : null;
}

/** A plain password works, and is reported: backups and version control take the configuration along. */
export function warnOfPlainSecret(
  ref: SecretRef | null | undefined,
  place: Place,
  problems: Problem[],
): void {
  if (ref?.kind !== 'plain') return;
  problems.push(warning(place, '{ secret: name }', 'a plain password in the configuration'));
}

/** A copy of a sound document that may be kept: plain secrets are replaced. */
export function withoutSecrets(document: unknown): unknown {
  if (Array.isArray(document)) return document.map(withoutSecrets);
  if (!isBlock(document)) return document;
  return Object.fromEntries(
    Object.entries(document).map(([key, value]) => [
      key,
      isSecretKey(key) ? secretWithheld(value) : withoutSecrets(value),
    ]),
  );
}

function secretWithheld(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  return readSecretRef(value)?.kind === 'named' ? value : WITHHELD;
}
