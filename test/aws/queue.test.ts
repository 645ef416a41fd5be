import { randomUUID } from 'node:crypto';

import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { Clock } from '../../shared/clock.ts';
import { systemClock } from '../../shared/clock.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import { messageJob } from '../../shared/queue/job-queue.ts';
import type { JobSender, JobSource, MessageJob } from '../../shared/queue/job-queue.ts';
import { sqsSender, sqsSource } from '../../shared/queue/sqs-queue.ts';
import { jobOf, jobQueueContract } from '../contract/job-queue.ts';
import { asPromised } from '../support/as-promised.ts';
import type { MeddlingProxy } from '../support/meddling-proxy.ts';
import { startMeddlingProxy } from '../support/meddling-proxy.ts';
import type { MiniStack } from '../support/ministack.ts';
import { startMiniStack } from '../support/ministack.ts';
import { SetClock } from '../support/set-clock.ts';

/*
 * What MiniStack 1.4.21 does otherwise than SQS, so that nothing here proves it:
 * - ChangeMessageVisibility takes any time: the limit of 43 200 s from the receive is not kept;
 * - a short poll looks at the whole queue, the counts are exact at once, and no job ever comes twice by itself;
 * - a receipt of an earlier receive, or of a job that is done, is ReceiptHandleIsInvalid; a standard queue of SQS
 *   takes it, or names the parameter in InvalidParameterValue;
 * - every entry that a batch refuses is called the sender's fault.
 */

const HOUR = 3_600_000;
const REGION = 'us-east-1';
const KEYS = { accessKeyId: 'test', secretAccessKey: 'test' };

type Queue = JobSender<MessageJob> & JobSource<MessageJob>;

let ministack: MiniStack;
beforeAll(async () => {
  ministack = await startMiniStack();
});
afterAll(async () => {
  await ministack.stop();
});

function clientOf(endpoint: string): SQSClient {
  // Otherwise the client goes where the queue's URL says, past the proxy.
  return new SQSClient({
    endpoint,
    region: REGION,
    credentials: KEYS,
    useQueueUrlAsEndpoint: false,
  });
}

async function createQueue(client: SQSClient): Promise<string> {
  const created = await client.send(new CreateQueueCommand({ QueueName: randomUUID() }));
  return created.QueueUrl ?? expect.fail('expected the URL of a queue');
}

function queueOf(client: SQSClient, url: string, clock: Clock = systemClock): Queue {
  const sender = sqsSender<MessageJob>(client, url);
  const source = sqsSource(client, url, messageJob, clock);
  return {
    send: (jobs) => sender.send(jobs),
    receive: (max, visibilityMs) => source.receive(max, visibilityMs),
    done: (receipt) => source.done(receipt),
    retry: (receipt, delayMs) => source.retry(receipt, delayMs),
    depth: () => source.depth(),
  };
}

jobQueueContract('the SQS queue', async () => {
  const client = clientOf(ministack.endpoint);
  return {
    queue: queueOf(client, await createQueue(client)),
    shortestMs: 1000,
    close: asPromised(() => {
      client.destroy();
    }),
  };
});

describe('the SQS queue', () => {
  let proxy: MeddlingProxy;
  let client: SQSClient;
  let url: string;
  let queue: Queue;
  const clock = new SetClock();
  beforeEach(async () => {
    proxy = await startMeddlingProxy(ministack.endpoint);
    client = clientOf(proxy.endpoint);
    url = await createQueue(client);
    queue = queueOf(client, url, clock);
  });
  afterEach(async () => {
    client.destroy();
    await proxy.close();
  });

  const requests = (action: string): number =>
    proxy.seen.filter(({ target }) => target === `AmazonSQS.${action}`).length;
  const receiveNames = async (): Promise<string[]> =>
    (await queue.receive(10, HOUR)).map(({ job }) => formatKey(job)).sort();

  it('sends ten jobs a request', async () => {
    await queue.send(Array.from({ length: 21 }, (_, at) => jobOf(at)));
    expect(requests('SendMessageBatch')).toBe(3);
    expect(await queue.depth()).toEqual({ ready: 21, inFlight: 0, delayed: 0 });
  });

  it('sends again what a batch refused, and only that', async () => {
    const jobs = [jobOf(1), jobOf(2), jobOf(3)];
    let isFirst = true;
    proxy.meddle = ({ target }) => {
      if (!target.endsWith('SendMessageBatch') || !isFirst) return null;
      isFirst = false;
      return { kind: 'rewrite', request: withoutEntry('1'), answer: withRefusal('1') };
    };
    await queue.send(jobs);
    expect(await receiveNames()).toEqual(jobs.map(formatKey).sort());
    expect(requests('SendMessageBatch')).toBe(2);
  });

  it('counts as unsent what an answer does not name', async () => {
    let isFirst = true;
    proxy.meddle = ({ target }) => {
      if (!target.endsWith('SendMessageBatch') || !isFirst) return null;
      isFirst = false;
      return { kind: 'rewrite', request: withoutEntry('0'), answer: (body) => body };
    };
    await queue.send([jobOf(1), jobOf(2)]);
    expect(await receiveNames()).toEqual([jobOf(1), jobOf(2)].map(formatKey).sort());
  });

  it('gives up on what is refused again and again, and says why', async () => {
    proxy.meddle = ({ target }) =>
      target.endsWith('SendMessageBatch')
        ? { kind: 'rewrite', request: withoutEntry('1'), answer: withRefusal('1') }
        : null;
    const sending = queue.send([jobOf(1), jobOf(2)]);
    await expect(sending).rejects.toMatchObject({ kind: 'internal', permanence: 'temporary' });
    await expect(sending).rejects.toThrow(/expected 2 jobs to be taken, 1 were refused.*Throttled/);
    expect(requests('SendMessageBatch')).toBe(4);
  });

  it('asks for no visibility beyond what SQS allows, counted from the receive', async () => {
    const asked: number[] = [];
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          const { VisibilityTimeout } = args.input as { VisibilityTimeout?: number };
          if (commandName === 'ChangeMessageVisibilityCommand') asked.push(VisibilityTimeout ?? -1);
          return next(args);
        },
      { step: 'initialize' },
    );
    await queue.send([jobOf(1)]);
    const [received] = await queue.receive(1, HOUR);
    clock.advance(10 * HOUR);
    await queue.retry(received?.receipt ?? '', 12 * HOUR);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toBeGreaterThan(7000);
    expect(asked[0]).toBeLessThan(7200);
  });

  it('takes a receipt that expired for what it is: the job is somebody else’s', async () => {
    await queue.send([jobOf(1)]);
    const [first] = await queue.receive(1, 0);
    const [second] = await queue.receive(1, HOUR);
    await queue.retry(first?.receipt ?? '', 0);
    await queue.done(first?.receipt ?? '');
    await queue.done(second?.receipt ?? '');
    await queue.retry(second?.receipt ?? '', HOUR);
    expect(second?.receiveCount).toBe(2);
  });

  it.each([
    [
      'InvalidParameterValue',
      'Value AQ for parameter ReceiptHandle is invalid. Reason: Message does not exist',
    ],
    ['MessageNotInflight', 'The specified message is not in flight.'],
  ])('takes %s of a receipt as SQS says it', async (code, message) => {
    await queue.send([jobOf(1)]);
    const [received] = await queue.receive(1, HOUR);
    proxy.meddle = () => refusalOf(code, message);
    await queue.retry(received?.receipt ?? '', HOUR);
    await queue.done(received?.receipt ?? '');
  });

  it('does not take another wrong value for an expired receipt', async () => {
    await queue.send([jobOf(1)]);
    const [received] = await queue.receive(1, HOUR);
    proxy.meddle = () =>
      refusalOf(
        'InvalidParameterValue',
        'Total VisibilityTimeout for the message is beyond the limit',
      );
    await expect(queue.retry(received?.receipt ?? '', HOUR)).rejects.toThrow('beyond the limit');
  });

  it('passes over a body that is no job', async () => {
    for (const body of ['no JSON', '{"mailbox":1}', '{"Event":"s3:TestEvent"}']) {
      await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
    }
    await queue.send([jobOf(1)]);
    expect(await receiveNames()).toEqual([formatKey(jobOf(1))]);
    expect(await queue.depth()).toEqual({ ready: 0, inFlight: 4, delayed: 0 });
  });

  describe('where there is no queue', () => {
    const each: readonly (readonly [string, (queue: Queue) => Promise<unknown>])[] = [
      ['SendMessageBatch', (queue) => queue.send([jobOf(1)])],
      ['ReceiveMessage', (queue) => queue.receive(1, HOUR)],
      ['DeleteMessage', (queue) => queue.done('receipt')],
      ['ChangeMessageVisibility', (queue) => queue.retry('receipt', HOUR)],
      ['GetQueueAttributes', (queue) => queue.depth()],
    ];
    it.each(each)('%s says which, and that it may pass', async (action, use) => {
      const missing = url.replace(/[^/]+$/, 'missing');
      const failing = use(queueOf(client, missing));
      await expect(failing).rejects.toMatchObject({ kind: 'internal', permanence: 'temporary' });
      await expect(failing).rejects.toThrow(`SQS ${action} ${missing}: expected success`);
    });
  });

  it('says that nobody answered', async () => {
    await proxy.close();
    await expect(queue.send([jobOf(1)])).rejects.toThrow(
      /SQS SendMessageBatch .* got ECONNREFUSED/,
    );
  });
});

function withoutEntry(id: string): (body: string) => string {
  return (body) => {
    const request = JSON.parse(body) as { Entries: { Id: string }[] };
    return JSON.stringify({ ...request, Entries: request.Entries.filter(({ Id }) => Id !== id) });
  };
}

function withRefusal(id: string): (body: string) => string {
  const Failed = [{ Id: id, Code: 'RequestThrottled', SenderFault: true }];
  return (body) => JSON.stringify({ ...(JSON.parse(body) as object), Failed });
}

function refusalOf(code: string, message: string) {
  const body = JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message });
  return { kind: 'answer', status: 400, body } as const;
}
