import { join } from 'node:path';

import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import type { JobQueue } from './job-queue.ts';
import { BATCH_SIZE, BATCH_WINDOW_SECONDS, FUNCTION_SECONDS } from './timings.ts';
import type { FunctionName, QueueName } from './timings.ts';

export interface JobFunctionProps {
  readonly name: FunctionName;
  /** Folder that holds `<name>/index.mjs`. */
  readonly bundles: string;
  readonly memoryMiB: number;
  /** Lambda's 512 where it is left out. */
  readonly temporaryMiB?: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** One function with a role and a log group of its own. The role has nothing but what is granted to it by name. */
export class JobFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: JobFunctionProps) {
    super(scope, id);
    const { name, bundles, memoryMiB, temporaryMiB } = props;
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
      code: Code.fromAsset(join(bundles, name)),
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
      environment: props.environment,
    });
    logGroup.grantWrite(this.role);
  }

  /** @param atOnce batches at once, the event source's maximum concurrency */
  feedFrom(source: JobQueue, name: QueueName, atOnce: number): void {
    const window = BATCH_WINDOW_SECONDS[name];
    this.function.addEventSource(
      new SqsEventSource(source.queue, {
        batchSize: BATCH_SIZE[name],
        ...(window === 0 ? {} : { maxBatchingWindow: Duration.seconds(window) }),
        maxConcurrency: atOnce,
        reportBatchItemFailures: true,
      }),
    );
  }
}
