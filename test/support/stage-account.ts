import { request } from 'node:http';

import {
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';

import { bundle } from '../../infra/aws/bundle.ts';
import type { FunctionName } from '../../infra/aws/timings.ts';
import { callBundledHandler } from './bundled-handler.ts';
import type { EmulatedAccount } from './deployed-stack.ts';
import { clientsOf } from './emulated-stage.ts';
import type { AwsClients } from './emulated-stage.ts';
import { makeScratchFolder } from './scratch-folder.ts';

export interface ApiResponse {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

/** What an administrator of the account sees of one stage, beside the command. */
export interface StageAccount {
  readonly clients: AwsClients;
  readonly bucket: string;
  readonly table: string;
  readonly queues: Readonly<Record<string, string>>;
  /** A request of the stage's HTTP API. */
  api(method: string, path: string, body?: unknown): Promise<ApiResponse>;
  /** How a parameter below `/mailferry/<stage>/` is kept: `String` or `SecureString`. */
  parameterType(name: string): Promise<string | undefined>;
  /** Writes a parameter as somebody does who uses no command. */
  putParameter(name: string, value: string): Promise<void>;
  /** Lets `work` run while S3 tells nobody of new objects. */
  withoutEvents(work: () => Promise<void>): Promise<void>;
  /** Calls a function as it is bundled, with the stage's environment and a clock that is so far ahead. */
  callAhead(name: FunctionName, aheadMs: number): Promise<void>;
}

interface StackParameter {
  readonly bucket: string;
  readonly table: string;
  readonly queues: Readonly<Record<string, string>>;
  readonly api: string;
}

/** @throws what the SDK throws where the stage is not deployed */
export async function stageAccount(
  { ministack }: EmulatedAccount,
  stage: string,
): Promise<StageAccount> {
  const clients = clientsOf(ministack.endpoint);
  const stack = await readStack(ministack.endpoint, stage);
  const { bucket, table, queues } = stack;
  return {
    clients,
    bucket,
    table,
    queues,
    parameterType: (name) =>
      withParameters(ministack.endpoint, async (ssm) => {
        const asked = new GetParameterCommand({ Name: `/mailferry/${stage}/${name}` });
        return (await ssm.send(asked)).Parameter?.Type;
      }),
    putParameter: (name, value) =>
      withParameters(ministack.endpoint, async (ssm) => {
        const put = { Name: `/mailferry/${stage}/${name}`, Value: value, Type: 'String' as const };
        await ssm.send(new PutParameterCommand(put));
      }),
    api: (method, path, body) => askApi(ministack.endpoint, stack.api, { method, path, body }),
    async withoutEvents(work) {
      const place = { Bucket: bucket };
      const { s3 } = clients;
      const { QueueConfigurations } = await s3.send(
        new GetBucketNotificationConfigurationCommand(place),
      );
      const set = (configuration: object) =>
        s3.send(
          new PutBucketNotificationConfigurationCommand({
            ...place,
            NotificationConfiguration: configuration,
          }),
        );
      await set({});
      try {
        await work();
      } finally {
        await set({ QueueConfigurations });
      }
    },
    async callAhead(name, aheadMs) {
      const scratch = makeScratchFolder('bundles');
      try {
        await bundle(scratch.path);
        const environment = {
          ...ministack.environment,
          MAILFERRY_STAGE: stage,
          MAILFERRY_BUCKET: bucket,
          MAILFERRY_TABLE: table,
          MAILFERRY_FETCH_QUEUE: queues['fetch'] ?? '',
          MAILFERRY_ROUTE_QUEUE: queues['route'] ?? '',
          MAILFERRY_DELIVER_QUEUE: queues['deliver'] ?? '',
        };
        const { thrown, log } = await callBundledHandler({
          ...{ folder: scratch.path, name, event: {}, aheadMs, environment },
        });
        if (thrown !== undefined) {
          throw new Error(`expected ${name} to end well, got: ${thrown}; ${log.join('\n')}`);
        }
      } finally {
        scratch.remove();
      }
    },
  };
}

function readStack(endpoint: string, stage: string): Promise<StackParameter> {
  return withParameters(endpoint, async (ssm) => {
    const name = `/mailferry/${stage}/stack`;
    const { Parameter: found } = await ssm.send(new GetParameterCommand({ Name: name }));
    return JSON.parse(found?.Value ?? '{}') as StackParameter;
  });
}

async function withParameters<Result>(
  endpoint: string,
  work: (ssm: SSMClient) => Promise<Result>,
): Promise<Result> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const ssm = new SSMClient({ endpoint, region: 'us-east-1', credentials });
  try {
    return await work(ssm);
  } finally {
    ssm.destroy();
  }
}

interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** By the name of the API's host, which no resolver knows here: MiniStack tells APIs apart by it. */
function askApi(
  endpoint: string,
  api: string,
  { method, path, body }: ApiRequest,
): Promise<ApiResponse> {
  const { hostname, port } = new URL(endpoint);
  const text = body === undefined ? '' : JSON.stringify(body);
  // Not parsed: a name that ends in an address of IPv4 is no URL to Node.
  const headers = { host: api.replace(/^https?:\/\//, ''), 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const answer = Buffer.concat(chunks).toString('utf8');
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: answer === '' ? null : (JSON.parse(answer) as unknown),
        });
      });
    });
    asked.once('error', reject);
    asked.end(text);
  });
}
