import { join } from 'node:path';

import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import type { Alerts } from './alerts.ts';
import type { StageParts } from './capability.ts';
import type { JobQueue } from './job-queue.ts';
import { BATCH_SIZE, BATCH_WINDOW_SECONDS, FUNCTION_SECONDS } from './timings.ts';
import type { FunctionName, QueueName } from './timings.ts';

export interface JobFunctionProps {
  readonly name: FunctionName;
  readonly memoryMiB: number;
  /** Lambda's 512 where it is left out. */
  readonly temporaryMiB?: number;
}

/** How a function finds a queue: the variable of its environment. `infra/aws/runtime/config.ts` reads it. */
const QUEUE_VARIABLE: Readonly<Record<QueueName, string>> = {
  fetch: 'MAILFERRY_FETCH_QUEUE',
  route: 'MAILFERRY_ROUTE_QUEUE',
  deliver: 'MAILFERRY_DELIVER_QUEUE',
};

/** One function with a role and a log group of its own. The role has nothing but what is granted to it by name. */
export class JobFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  /** @param parts names and addresses of them are all that its environment holds; a secret never stands there (I8) */
  constructor(scope: Construct, id: string, parts: StageParts, props: JobFunctionProps) {
    super(scope, id);
    const { name, memoryMiB, temporaryMiB } = props;
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${name} of Mailferry may do`,
    });
    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.function = new LambdaFunction(this, 'Function', {
      description: `Mailferry: ${name}`,
      code: Code.fromAsset(join(parts.bundles, name)),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMiB,
      ...(temporaryMiB === undefined ? {} : { ephemeralStorageSize: Size.mebibytes(temporaryMiB) }),
      timeout: Duration.seconds(FUNCTION_SECONDS[name]),
      // The next tick is the retry: a second invocation by Lambda itself would only run beside it.
      retryAttempts: 0,
      role: this.role,
      logGroup,
      environment: {
        MAILFERRY_STAGE: parts.stage,
        MAILFERRY_BUCKET: parts.mailStore.bucket.bucketName,
        MAILFERRY_TABLE: parts.ledger.table.tableName,
      },
    });
    logGroup.grantWrite(this.role);
  }

  /** Tells by itself of what no figure shows: one mailbox among many. */
  tells(alerts: Alerts): void {
    alerts.allowPublishing(this.role);
    this.function.addEnvironment('MAILFERRY_ALARM_TOPIC', alerts.topic.topicArn);
  }

  sendsTo(...queues: readonly JobQueue[]): void {
    for (const queue of queues) {
      queue.allowSending(this.role);
      this.knows(queue);
    }
  }

  /** @param atOnce batches at once, the event source's maximum concurrency */
  feedFrom(source: JobQueue, atOnce: number): void {
    const window = BATCH_WINDOW_SECONDS[source.name];
    this.knows(source);
    this.function.addEventSource(
      new SqsEventSource(source.queue, {
        batchSize: BATCH_SIZE[source.name],
        ...(window === 0 ? {} : { maxBatchingWindow: Duration.seconds(window) }),
        maxConcurrency: atOnce,
        reportBatchItemFailures: true,
      }),
    );
  }

  private knows(queue: JobQueue): void {
    this.function.addEnvironment(QUEUE_VARIABLE[queue.name], queue.queue.queueUrl);
  }
}
