import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';

import type { FunctionName } from '../../../infra/aws/timings.ts';
import { clientsOf, createStage, destroyClients } from '../../support/emulated-stage.ts';
import type { AwsClients, EmulatedStage } from '../../support/emulated-stage.ts';
import { startMiniStack } from '../../support/ministack.ts';
import { RequestCount } from '../../support/request-count.ts';
import { countClients } from './counted-clients.ts';
import { meterLog } from './log-meter.ts';
import type { Metered } from './log-meter.ts';

const STAGE = 'counted';

export type BilledFunction = Exclude<FunctionName, 'api'>;

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** What some invocations caused. */
export interface Recorded {
  readonly count: RequestCount;
  readonly calls: ReadonlyMap<BilledFunction, number>;
  /** Lambda's own lines apart. */
  readonly log: Metered;
}

/** The functions' own handlers in this process, on a stage of MiniStack. */
export interface StageFunctions {
  readonly own: AwsClients;
  readonly stage: EmulatedStage;
  /** Calls one as Lambda does. @throws Error where a record of the batch failed */
  call(name: BilledFunction, event: unknown): Promise<void>;
  /** What `work` causes. */
  record(work: () => Promise<void>): Promise<Recorded>;
  close(): Promise<void>;
}

/** @param configuration as in a file; @param secrets name to value */
export async function startFunctions(
  configuration: {
    readonly mailboxes: Readonly<Record<string, unknown>>;
    readonly [part: string]: unknown;
  },
  secrets: Readonly<Record<string, string>>,
): Promise<StageFunctions> {
  const ministack = await startMiniStack();
  const own = clientsOf(ministack.endpoint);
  const stage = await createStage(own);
  const fetchQueue = await own.sqs.send(new CreateQueueCommand({ QueueName: 'fetch' }));
  Object.assign(process.env, ministack.environment, {
    MAILFERRY_STAGE: STAGE,
    MAILFERRY_BUCKET: stage.bucket,
    MAILFERRY_TABLE: stage.table,
    MAILFERRY_FETCH_QUEUE: fetchQueue.QueueUrl,
    MAILFERRY_ROUTE_QUEUE: stage.routeQueue,
    MAILFERRY_DELIVER_QUEUE: stage.deliverQueue,
    // Nothing goes wrong here, so that nobody is told.
    MAILFERRY_ALARM_TOPIC: 'arn:aws:sns:us-east-1:000000000000:nobody',
  });
  await putConfiguration(configuration, secrets);
  let current = new RequestCount();
  let calls = new Map<BilledFunction, number>();
  countClients(() => current, Object.values(own));
  const handlers = await loadHandlers();
  return {
    own,
    stage,
    async call(name, event) {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      const answer = (await handlers[name](event, contextOf(name))) as Answer | undefined;
      const failed = answer?.batchItemFailures?.length ?? 0;
      if (failed > 0) throw new Error(`expected ${name} to do its batch, ${failed} failed`);
    },
    async record(work) {
      const count = (current = current.next());
      calls = new Map();
      const meter = meterLog();
      let log: Metered;
      try {
        await work();
      } finally {
        log = meter.stop();
      }
      return { count, calls, log };
    },
    async close() {
      destroyClients(own);
      await ministack.stop();
    },
  };
}

interface Answer {
  readonly batchItemFailures?: readonly unknown[];
}

/** After the environment is set: each reads it when it is loaded. */
async function loadHandlers(): Promise<Readonly<Record<BilledFunction, Handler>>> {
  const [dispatch, fetch, route, deliver, sweep] = await Promise.all([
    import('../../../functions/dispatch/handler.ts'),
    import('../../../functions/fetch/handler.ts'),
    import('../../../functions/route/handler.ts'),
    import('../../../functions/deliver/handler.ts'),
    import('../../../functions/sweep/handler.ts'),
  ]);
  return {
    dispatch: dispatch.handler,
    fetch: fetch.handler,
    route: route.handler,
    deliver: deliver.handler,
    sweep: sweep.handler,
  };
}

/** As `mailferry config push` writes it. */
async function putConfiguration(
  { mailboxes, ...general }: Parameters<typeof startFunctions>[0],
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const ssm = new SSMClient({});
  const put = (name: string, value: string, type: 'String' | 'SecureString') =>
    ssm.send(
      new PutParameterCommand({ Name: `/mailferry/${STAGE}/${name}`, Value: value, Type: type }),
    );
  await put('settings/general', JSON.stringify(general), 'String');
  for (const [id, one] of Object.entries(mailboxes)) {
    await put(`mailboxes/${id}`, JSON.stringify(one), 'String');
  }
  for (const [name, value] of Object.entries(secrets)) {
    await put(`secrets/${name}`, value, 'SecureString');
  }
  ssm.destroy();
}

function contextOf(name: BilledFunction): Context {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: `Mailferry-${STAGE}-${name}Function-ABCDEFGHIJKL`,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:Mailferry-${STAGE}-${name}Function-ABCDEFGHIJKL`,
    memoryLimitInMB: '512',
    awsRequestId: '11111111-2222-4333-8444-555555555555',
    logGroupName: `Mailferry-${STAGE}-${name}Log-ABCDEFGHIJKL`,
    logStreamName: '2026/11/25/[$LATEST]0123456789abcdef0123456789abcdef',
    getRemainingTimeInMillis: () => 900_000,
  } as Context;
}
