import { GetParameterCommand, ParameterNotFound } from '@aws-sdk/client-ssm';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { z } from 'zod';

import { Failure } from '../../shared/failure.ts';
import { UsageError } from '../exit-status.ts';

/** What the stack tells the command of itself, in the parameter `/mailferry/<stage>/stack`. */
const stackDocument = z.object({
  bucket: z.string(),
  table: z.string(),
  queues: z.object({ fetch: z.string(), route: z.string(), deliver: z.string() }),
  region: z.string(),
  /** The address that deliver may send as by Amazon SES; null, and in older stacks nothing: none. */
  sesFrom: z.string().nullable().default(null),
});

export type Stack = z.infer<typeof stackDocument>;

/** As the stack takes it (`infra/aws/stage-options.ts`): part of its own name and of parameter names. */
const STAGE = /^[a-z][a-z0-9-]{0,13}$/;

/** @throws UsageError for what can be no stage */
export function requireStage(stage: string): string {
  if (STAGE.test(stage)) return stage;
  throw new UsageError(
    `--stage: expected 1 to 14 lower-case letters, digits and hyphens, a letter first; got ${JSON.stringify(stage)}`,
  );
}

/**
 * Finds a deployment by the parameter that its stack wrote.
 * @throws UsageError when there is no such deployment in the account and region that the environment names
 * @throws Failure `settings` when SSM refuses, or the parameter holds something else
 */
export async function findStack(client: SSMClient, stage: string): Promise<Stack> {
  const name = `/mailferry/${stage}/stack`;
  const text = await readParameter(client, stage, name);
  const parsed = stackDocument.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Failure(
    'settings',
    'permanent',
    `${name}: expected what the stack writes (bucket, table, queues, region), got ${faults.join('; ')}`,
  );
}

async function readParameter(client: SSMClient, stage: string, name: string): Promise<string> {
  try {
    const { Parameter } = await client.send(new GetParameterCommand({ Name: name }));
    return Parameter?.Value ?? '';
  } catch (error) {
    if (error instanceof ParameterNotFound) {
      throw new UsageError(
        `--stage ${stage}: expected a deployment, found no parameter ${name} in region ${await regionOf(client)}; ` +
          `deploy it with npx cdk deploy -c stage=${stage}, or choose its account and region by AWS_PROFILE and AWS_REGION`,
      );
    }
    throw refused(error, name);
  }
}

/** Without a region or credentials the SDK fails before it asks anybody: that is the command line's fault. */
function refused(error: unknown, name: string): Error {
  const words = error instanceof Error ? error.message : String(error);
  const kind = error instanceof Error ? error.name : '';
  if (kind === 'CredentialsProviderError' || words.startsWith('Region is missing')) {
    return new UsageError(
      `--stage: expected an AWS region and credentials (AWS_PROFILE, or AWS_REGION and keys), got: ${words}`,
    );
  }
  return new Failure('settings', 'temporary', `${name} could not be read: ${words}`, {
    cause: error,
  });
}

async function regionOf(client: SSMClient): Promise<string> {
  return client.config.region();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
