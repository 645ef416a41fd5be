import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';

import { startMiniStack } from './ministack.ts';
import type { MiniStack, MiniStackOptions } from './ministack.ts';
import { pathWithOurNode } from './ministack-installation.ts';
import { makeScratchFolder } from './scratch-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CDK = fileURLToPath(new URL('../../node_modules/.bin/cdk', import.meta.url));
/** MiniStack's one account. */
const ENVIRONMENT = 'aws://000000000000/us-east-1';
const QUOTED = 4000;

/** An emulated AWS account that the CDK can deploy to. */
export interface EmulatedAccount {
  readonly ministack: MiniStack;
  /** `cdk deploy` of a stage, first or again, with the real command-line tool; resolves with what it printed. */
  readonly deploy: (stage: string, context?: Readonly<Record<string, string>>) => Promise<string>;
  /** `cdk diff` of a stage. */
  readonly diff: (stage: string) => Promise<string>;
  /** `cdk destroy` of a stage. */
  readonly destroy: (stage: string) => Promise<string>;
  /** An object of the stage's bucket. */
  readonly object: (stage: string, key: string) => Promise<Buffer>;
  /** Every item of the stage's table, as JSON. */
  readonly ledger: (stage: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Starts MiniStack and bootstraps its account, as an administrator does once for an account and region. */
export async function startAccount(options: MiniStackOptions = {}): Promise<EmulatedAccount> {
  const scratch = makeScratchFolder('cdk');
  const ministack = await startMiniStack(options);
  const cdk = (...words: readonly string[]) =>
    runCdk(words, {
      ...ministack.environment,
      PATH: pathWithOurNode(),
      // The tool keeps a cache in the home folder.
      HOME: scratch.path,
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CDK_DISABLE_VERSION_CHECK: '1',
      // Its own check of the template takes longer than the deployment; `npm run synth` has it on.
      CDK_VALIDATION: 'false',
    });
  const stop = async (): Promise<void> => {
    await ministack.stop();
    scratch.remove();
  };
  const output = ['--output', `${scratch.path}/out`];
  const onStage = (stage: string, context: Readonly<Record<string, string>> = {}): string[] =>
    Object.entries({ ...context, stage }).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  try {
    await cdk('bootstrap', ENVIRONMENT, ...output);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ministack,
    deploy: (stage, context) =>
      cdk('deploy', '--require-approval', 'never', ...output, ...onStage(stage, context)),
    diff: (stage) => cdk('diff', ...output, ...onStage(stage)),
    destroy: (stage) => cdk('destroy', '--force', ...output, ...onStage(stage)),
    object: (stage, key) => readObject(ministack.endpoint, stage, key),
    ledger: (stage) => readLedger(ministack.endpoint, stage),
    stop,
  };
}

function clientOptions(endpoint: string) {
  return {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

async function stackOf(
  endpoint: string,
  stage: string,
): Promise<{ readonly bucket: string; readonly table: string }> {
  const ssm = new SSMClient(clientOptions(endpoint));
  try {
    const name = `/mailferry/${stage}/stack`;
    const { Parameter: found } = await ssm.send(new GetParameterCommand({ Name: name }));
    return JSON.parse(found?.Value ?? '{}') as { bucket: string; table: string };
  } finally {
    ssm.destroy();
  }
}

async function readObject(endpoint: string, stage: string, key: string): Promise<Buffer> {
  const { bucket } = await stackOf(endpoint, stage);
  const s3 = new S3Client({ ...clientOptions(endpoint), forcePathStyle: true });
  try {
    const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from((await body?.transformToByteArray()) ?? []);
  } finally {
    s3.destroy();
  }
}

async function readLedger(endpoint: string, stage: string): Promise<string> {
  const { table } = await stackOf(endpoint, stage);
  const dynamo = new DynamoDBClient(clientOptions(endpoint));
  const items: unknown[] = [];
  let start: ScanCommandOutput['LastEvaluatedKey'];
  try {
    do {
      const page = await dynamo.send(
        new ScanCommand({ TableName: table, ...(start && { ExclusiveStartKey: start }) }),
      );
      items.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  } finally {
    dynamo.destroy();
  }
  return JSON.stringify(items);
}

/** @throws Error with the last words of the tool when it does not end with status 0 */
async function runCdk(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(process.execPath, [CDK, '--progress', 'events', '--ci', ...words], {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killAtExit = (): void => {
    child.kill('SIGKILL');
  };
  process.prependOnceListener('exit', killAtExit);
  const printed: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  process.removeListener('exit', killAtExit);
  const text = Buffer.concat(printed).toString('utf8');
  if (status === 0) return text;
  throw new Error(
    `expected cdk ${words.join(' ')} to end with status 0, got ${String(status)}: ${text.slice(-QUOTED)}`,
  );
}
