import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { IDependable } from 'constructs';

import type { Alerts } from './alerts.ts';
import { MAX_RECEIVES, RETENTION_DAYS, hiddenSeconds } from './timings.ts';
import type { QueueName } from './timings.ts';

/** One queue of jobs with its dead-letter queue. Jobs are keys: a lost queue loses no mail, the sweep makes them anew. */
export class JobQueue extends Construct {
  readonly name: QueueName;
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, name: QueueName, alerts: Alerts) {
    super(scope, id);
    this.name = name;
    const common: QueueProps = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(RETENTION_DAYS),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', common);
    this.queue = new Queue(this, 'Queue', {
      ...common,
      visibilityTimeout: Duration.seconds(hiddenSeconds(name)),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES[name] },
    });
    alerts.watch(this, 'DeadLettersAlarm', {
      meaning: `a job of the ${name} queue could not be handled and lies in its dead-letter queue.`,
      entry: 'deadLetters',
      metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
    });
  }

  /** Sending alone, without the look at the queue that the construct library adds. */
  allowSending(role: Role): void {
    role.addToPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }),
    );
  }

  /**
   * Lets S3 send for the buckets of this stack, which are known by the beginning of their generated name: naming the
   * bucket itself would be a cycle, since it waits for this policy.
   */
  allowBucketsOfStack(): IDependable {
    const { account, partition, stackName } = Stack.of(this);
    const buckets = `arn:${partition}:s3:::${stackName.toLowerCase()}-*`;
    const allowed = this.queue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': buckets },
        },
      }),
    );
    if (allowed.policyDependable === undefined)
      throw new Error('expected the queue to have a policy');
    return allowed.policyDependable;
  }
}
