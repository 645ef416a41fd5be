import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

import { COUNTED_AT } from '../../support/request-count.ts';
import type { RequestCount } from '../../support/request-count.ts';

interface Sender {
  send: (...args: never[]) => unknown;
}

interface Stack {
  readonly middlewareStack: { add(middleware: unknown, options: unknown): void };
}

const CLIENTS = [
  ['S3', S3Client],
  ['SQS', SQSClient],
  ['SSM', SSMClient],
  ['DynamoDB', DynamoDBClient],
] as const;

/**
 * Records what every SDK client of this process sends, from its first request on: the functions make their own clients
 * when they are loaded, and hand them to nobody.
 * @param current the count of the moment
 * @param uncounted clients whose requests are the test's own
 */
export function countClients(current: () => RequestCount, uncounted: readonly object[]): void {
  const known = new WeakSet(uncounted);
  for (const [service, { prototype }] of CLIENTS) {
    const sender = prototype as unknown as Sender;
    const { send } = sender;
    sender.send = function (this: Sender & Stack, ...args) {
      if (!known.has(this)) {
        known.add(this);
        this.middlewareStack.add(
          (next: never, context: never) => (request: never) =>
            current().middleware(service)(next, context)(request),
          COUNTED_AT,
        );
      }
      return send.apply(this, args);
    };
  }
}
