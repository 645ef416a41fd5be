import { Stack } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';

import type { JobQueue } from './job-queue.ts';
import type { LedgerTable } from './ledger-table.ts';
import type { MailStore } from './mail-store.ts';
import type { SesIdentity } from './stage-options.ts';
import type { QueueName } from './timings.ts';

export interface StackParameterProps {
  readonly stage: string;
  readonly mailStore: MailStore;
  readonly ledger: LedgerTable;
  readonly ses: SesIdentity | null;
  readonly queues: Readonly<Record<QueueName, JobQueue>>;
  /** Address of the HTTP API. */
  readonly api: string;
}

/** Where the command finds a stage: the one name in the stack that is fixed, since somebody outside has to know it. */
export class StackParameter extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { stage, mailStore, ledger, ses, queues, api }: StackParameterProps,
  ) {
    super(scope, id);
    const stack = Stack.of(this);
    new StringParameter(this, 'Parameter', {
      parameterName: `/mailferry/${stage}/stack`,
      description: 'Resources of this stage, for the mailferry command',
      stringValue: stack.toJsonString({
        bucket: mailStore.bucket.bucketName,
        table: ledger.table.tableName,
        queues: {
          fetch: queues.fetch.queue.queueUrl,
          route: queues.route.queue.queueUrl,
          deliver: queues.deliver.queue.queueUrl,
        },
        region: stack.region,
        api,
        sesFrom: ses?.from ?? null,
      }),
    });
  }
}
