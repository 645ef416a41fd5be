import {
  DeleteParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  ParameterAlreadyExists,
  ParameterNotFound,
  PutParameterCommand,
} from '@aws-sdk/client-ssm';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { setTimeout as pause } from 'node:timers/promises';

import type { Random } from '../clock.ts';
import { Failure } from '../failure.ts';
import type { FailureKind } from '../failure.ts';

/** Where the configuration of one deployment lies. */
export interface SsmStage {
  readonly client: SSMClient;
  readonly stage: string;
  readonly random?: Random;
}

/** Names below the tree's root, `settings/general`, to their values. */
export type Parameters = ReadonlyMap<string, string>;

/** GetParametersByPath and DeleteParameters take ten. */
const PARAMETERS_AT_ONCE = 10;
/** Beyond the SDK's own retries: an account may write only a few parameters a second. */
const ROUNDS = 8;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** SSM answers an account some 40 requests a second: a function that reads at each message would use them up. */
export const SSM_CACHE_MS = 60_000;

/** `/mailferry/prod`. */
export function rootOf(stage: string): string {
  return `/mailferry/${stage}`;
}

/** Everything below `settings` or `mailboxes`. */
export async function readBranch(
  place: SsmStage,
  branch: 'settings' | 'mailboxes',
): Promise<Parameters> {
  const root = rootOf(place.stage);
  const path = `${root}/${branch}`;
  const found = new Map<string, string>();
  let next: string | undefined;
  do {
    const token = next;
    const page = await sent(place, 'settings', `reading the parameters below ${path}`, () =>
      place.client.send(
        new GetParametersByPathCommand({
          Path: path,
          Recursive: true,
          WithDecryption: false,
          MaxResults: PARAMETERS_AT_ONCE,
          ...(token !== undefined && { NextToken: token }),
        }),
      ),
    );
    for (const { Name: name, Value: value } of page.Parameters ?? []) {
      if (name !== undefined) found.set(name.slice(root.length + 1), value ?? '');
    }
    next = page.NextToken;
  } while (next !== undefined && next !== '');
  return found;
}

/** One parameter, decrypted where it is encrypted; null: there is none. */
export function readParameter(place: SsmStage, name: string): Promise<string | null> {
  const path = `${rootOf(place.stage)}/${name}`;
  return sent(place, 'secret', `reading the parameter ${path}`, async () => {
    try {
      const command = new GetParameterCommand({ Name: path, WithDecryption: true });
      return (await place.client.send(command)).Parameter?.Value ?? null;
    } catch (error) {
      if (error instanceof ParameterNotFound) return null;
      throw error;
    }
  });
}

export interface WrittenParameter {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
}

/** @returns false when it exists already and must not be overwritten */
export function writeParameter(
  place: SsmStage,
  { name, value, secret }: WrittenParameter,
  overwrite: boolean,
): Promise<boolean> {
  const path = `${rootOf(place.stage)}/${name}`;
  const kind = secret ? 'secret' : 'settings';
  return sent(place, kind, `writing the parameter ${path}`, async () => {
    try {
      const type = secret ? 'SecureString' : 'String';
      await place.client.send(
        new PutParameterCommand({ Name: path, Value: value, Type: type, Overwrite: overwrite }),
      );
      return true;
    } catch (error) {
      if (error instanceof ParameterAlreadyExists && !overwrite) return false;
      throw error;
    }
  });
}

/** Those that do not exist are none too many. */
export async function deleteParameters(place: SsmStage, names: readonly string[]): Promise<void> {
  const root = rootOf(place.stage);
  for (let at = 0; at < names.length; at += PARAMETERS_AT_ONCE) {
    const paths = names.slice(at, at + PARAMETERS_AT_ONCE).map((name) => `${root}/${name}`);
    await sent(place, 'settings', `deleting the parameters ${paths.join(', ')}`, () =>
      place.client.send(new DeleteParametersCommand({ Names: paths })),
    );
  }
}

async function sent<Answer>(
  { random = Math.random }: SsmStage,
  kind: FailureKind,
  action: string,
  send: () => Promise<Answer>,
): Promise<Answer> {
  for (let round = 0; ; round += 1) {
    try {
      return await send();
    } catch (error) {
      if (round + 1 >= ROUNDS || !isThrottled(error)) throw failureOf(kind, action, error);
      const longest = Math.min(FIRST_PAUSE_MS * 2 ** round, LONGEST_PAUSE_MS);
      await pause((0.5 + random() / 2) * longest);
    }
  }
}

function isThrottled(error: unknown): boolean {
  return (
    error instanceof Error &&
    ['ThrottlingException', 'TooManyUpdates', 'RequestLimitExceeded'].includes(error.name)
  );
}

/** What nobody mends by waiting: a permission, a key, a value that the service refuses. */
const PERMANENT = new Set([
  'AccessDeniedException',
  'InvalidKeyId',
  'KMSAccessDeniedException',
  'ParameterLimitExceeded',
  'ParameterMaxVersionLimitExceeded',
  'ParameterPatternMismatchException',
  'ValidationException',
]);

function failureOf(kind: FailureKind, action: string, error: unknown): Failure {
  const name = error instanceof Error ? error.name : 'unknown';
  const permanence = PERMANENT.has(name) ? 'permanent' : 'temporary';
  // The service quotes a refused value in ValidationException, and the SDK's errors carry the request: neither is
  // passed on where the value is a secret.
  const isQuoted = kind !== 'secret' || name !== 'ValidationException';
  const words = error instanceof Error && isQuoted ? `${name}: ${error.message}` : name;
  return new Failure(kind, permanence, `${action} failed: ${words}`);
}
