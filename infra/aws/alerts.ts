import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

import { runbookLink } from '../../shared/notice/runbook.ts';
import type { RunbookEntry } from '../../shared/notice/runbook.ts';

export interface Watched {
  /** In words: what it means when this alarm rings. */
  readonly meaning: string;
  readonly entry: RunbookEntry;
  readonly metric: IMetric;
  /** The alarm rings above this; above 0, which is at all, where it is left out. */
  readonly threshold?: number;
  /** Or below it: for what has to happen. */
  readonly rings?: 'above' | 'below';
  /** What silence of the metric means; that all is well where it is left out. */
  readonly missing?: TreatMissingData;
  /** Periods in a row above the threshold; one where it is left out. */
  readonly periods?: number;
}

/**
 * Where everything that somebody has to look at is told: one topic a stage. Not encrypted with a key: CloudWatch may not
 * use the account's key of SNS, one of our own costs a dollar a month, and nothing told there is mail, an address of a
 * correspondent or a secret.
 */
export class Alerts extends Construct {
  readonly topic: Topic;

  /** @param address a mail address to tell; null: nobody is subscribed yet */
  constructor(scope: Construct, id: string, address: string | null) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { enforceSSL: true });
    if (address !== null) this.topic.addSubscription(new EmailSubscription(address));
  }

  /** Rings when it begins, and says when it is over. */
  watch(scope: Construct, id: string, watched: Watched): void {
    const { meaning, entry, metric, rings, threshold = 0, periods = 1 } = watched;
    const { missing = TreatMissingData.NOT_BREACHING } = watched;
    const alarm = new Alarm(scope, id, {
      metric,
      alarmDescription: `Mailferry: ${meaning} What to do: ${runbookLink(entry)}`,
      threshold,
      comparisonOperator:
        rings === 'below'
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: missing,
    });
    const tell = new SnsAction(this.topic);
    alarm.addAlarmAction(tell);
    alarm.addOkAction(tell);
  }

  /** Functions tell by themselves of what no metric shows: one mailbox among many. */
  allowPublishing(role: Role): void {
    role.addToPolicy(
      new PolicyStatement({ actions: ['sns:Publish'], resources: [this.topic.topicArn] }),
    );
  }
}
