import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';

import { ROUTES } from '../../../functions/api/routes.ts';
import {
  DELIVERY_RESERVE_MS,
  FETCH_RESERVE_MS,
  FUNCTION_SECONDS,
  QUEUE_NAMES,
} from '../../../infra/aws/timings.ts';
import { DELIVERY_ATTEMPT_MS } from '../../../shared/limits.ts';
import { sampleSettings } from '../../support/sample-settings.ts';
import { synthesizedStage } from '../../support/synthesized-stage.ts';

const template = synthesizedStage();

interface QueueProperties {
  readonly VisibilityTimeout?: number;
  readonly MessageRetentionPeriod?: number;
  readonly SqsManagedSseEnabled?: boolean;
  readonly RedrivePolicy?: {
    readonly deadLetterTargetArn: { readonly 'Fn::GetAtt': readonly [string, string] };
    readonly maxReceiveCount: number;
  };
}

const queues = template.findResources('AWS::SQS::Queue') as Record<
  string,
  { Properties: QueueProperties }
>;
const workQueues = Object.entries(queues).filter(([id]) => !id.includes('DeadLetters'));

describe('queues', () => {
  test('every queue of jobs has a dead-letter queue of its own, with a count far above the retries', () => {
    expect(workQueues).toHaveLength(QUEUE_NAMES.length);
    const targets = workQueues.map(([, { Properties: properties }]) => {
      const count = properties.RedrivePolicy?.maxReceiveCount ?? 0;
      expect(count).toBeGreaterThanOrEqual(10);
      return properties.RedrivePolicy?.deadLetterTargetArn['Fn::GetAtt'][0];
    });
    expect(new Set(targets).size).toBe(QUEUE_NAMES.length);
    for (const target of targets) expect(queues[target ?? '']).toBeDefined();
  });

  test('17 attempts in 5 days, and as many faults an hour, stay below the count of route and deliver', () => {
    for (const [id, { Properties: properties }] of workQueues) {
      if (id.startsWith('Fetching')) continue;
      expect(properties.RedrivePolicy?.maxReceiveCount).toBeGreaterThan(17 + 5 * 24);
    }
  });

  test('what is kept is kept for 14 days, encrypted', () => {
    for (const { Properties: properties } of Object.values(queues)) {
      expect(properties.MessageRetentionPeriod).toBe(14 * 24 * 3600);
      expect(properties.SqsManagedSseEnabled).toBe(true);
    }
  });

  test('a job is hidden six times as long as its function may run', () => {
    for (const name of QUEUE_NAMES) {
      const queue = workQueues.find(
        ([id]) => capabilityOf(name) === id.slice(0, id.indexOf('Jobs')),
      );
      const limit = functionNamed(name).Timeout;
      expect(limit).toBe(FUNCTION_SECONDS[name]);
      expect(queue?.[1].Properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * limit);
    }
  });

  test('every queue refuses what does not come over TLS', () => {
    const policies = Object.values(template.findResources('AWS::SQS::QueuePolicy')) as {
      Properties: { Queues: readonly { Ref: string }[]; PolicyDocument: unknown };
    }[];
    const refusing = policies.filter(({ Properties: { PolicyDocument: document } }) =>
      JSON.stringify(document).includes('{"aws:SecureTransport":"false"}},"Effect":"Deny"'),
    );
    const covered = refusing.flatMap(({ Properties: one }) => one.Queues.map(({ Ref: id }) => id));
    expect(covered.sort()).toEqual(Object.keys(queues).sort());
  });
});

describe('limits of time', () => {
  test('come from one table, and leave room for what the program gives itself', () => {
    for (const [name, seconds] of Object.entries(FUNCTION_SECONDS)) {
      expect(functionNamed(name).Timeout).toBe(seconds);
      expect(seconds).toBeLessThanOrEqual(900);
    }
    // One attempt to deliver, and a whole run of the default `limits.runSeconds`, end before Lambda ends them.
    expect(FUNCTION_SECONDS.deliver * 1000).toBeGreaterThanOrEqual(
      DELIVERY_ATTEMPT_MS + DELIVERY_RESERVE_MS,
    );
    const { runMs } = sampleSettings({ pop3: 110, smtp: 25 }).general.limits;
    expect(FUNCTION_SECONDS.fetch * 1000).toBeGreaterThanOrEqual(runMs + FETCH_RESERVE_MS);
  });
});

describe('the topic of the alarms', () => {
  test('takes nothing that does not come over TLS', () => {
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 'sns:Publish',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    });
  });
});

describe('mail store', () => {
  test('versioned, encrypted, private, and kept when the stack goes', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BucketName: Match.absent(),
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
          ],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    });
  });

  test('no rule ends a current object', () => {
    const [bucket] = Object.values(template.findResources('AWS::S3::Bucket')) as {
      Properties: { LifecycleConfiguration: { Rules: readonly Record<string, unknown>[] } };
    }[];
    const rules = bucket?.Properties.LifecycleConfiguration.Rules ?? [];
    expect(rules).toEqual([
      {
        Id: 'deleted-mail-and-leftovers',
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
        ExpiredObjectDeleteMarker: true,
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
    ]);
  });

  test('new mail in Incoming/ is told to the route queue, which takes it from this account alone', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: {
        QueueConfigurations: [
          {
            Event: 's3:ObjectCreated:*',
            Filter: {
              S3Key: {
                Rules: [
                  { Name: 'prefix', Value: 'Incoming/' },
                  { Name: 'suffix', Value: '.eml' },
                ],
              },
            },
            Queue: { 'Fn::GetAtt': [Match.stringLikeRegexp('^RoutingJobs(?!Dead)'), 'Arn'] },
          },
        ],
      },
    });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Principal: { Service: 's3.amazonaws.com' },
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnLike: {
                'aws:SourceArn': {
                  'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::mailferry-prod-*']],
                },
              },
            },
          }),
        ]),
      },
    });
  });

  test('no custom resource and no function but the six', () => {
    template.resourceCountIs('AWS::Lambda::Function', 6);
    const types = Object.values(template.toJSON()['Resources'] as Record<string, { Type: string }>);
    expect(types.filter(({ Type: type }) => type.startsWith('Custom::'))).toEqual([]);
  });
});

describe('ledger', () => {
  test('on demand, recoverable, with a time to live, and kept when the stack goes', () => {
    template.hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        TableName: Match.absent(),
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        Replicas: [
          Match.objectLike({
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          }),
        ],
      },
    });
  });
});

describe('functions', () => {
  test('Node 24 on arm64, a log group each that forgets after a month, no retry by Lambda itself', () => {
    template.allResourcesProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      LoggingConfig: { LogGroup: Match.anyValue() },
    });
    // One a function, and one for the requests of the API.
    template.resourceCountIs('AWS::Logs::LogGroup', 7);
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
    template.resourceCountIs('AWS::Lambda::EventInvokeConfig', 6);
    template.allResourcesProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
  });

  test('their environment holds names and addresses of resources, and nothing else', () => {
    const functions = Object.values(template.findResources('AWS::Lambda::Function')) as {
      Properties: { Environment: { Variables: Record<string, unknown> } };
    }[];
    for (const { Properties: properties } of functions) {
      const { MAILFERRY_STAGE: stage, ...others } = properties.Environment.Variables;
      expect(stage).toBe('prod');
      for (const value of Object.values(others))
        expect(Object.keys(value as object)).toEqual(['Ref']);
    }
  });

  test('each queue feeds its function, failures record by record', () => {
    const sources = Object.values(template.findResources('AWS::Lambda::EventSourceMapping')) as {
      Properties: Record<string, unknown>;
    }[];
    expect(sources.map(({ Properties: one }) => [one['BatchSize'], one['ScalingConfig']])).toEqual([
      [1, { MaximumConcurrency: 8 }],
      [10, { MaximumConcurrency: 10 }],
      [10, { MaximumConcurrency: 4 }],
    ]);
    for (const { Properties: one } of sources) {
      expect(one['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures']);
    }
  });

  test('connections to the destination are a choice of the deployment', () => {
    synthesizedStage({ deliveryConcurrency: 7 }).hasResourceProperties(
      'AWS::Lambda::EventSourceMapping',
      { ScalingConfig: { MaximumConcurrency: 7 }, BatchSize: 10 },
    );
  });

  test('dispatch ticks every minute, sweep every quarter of an hour, neither is tried again', () => {
    for (const rate of ['rate(1 minute)', 'rate(15 minutes)']) {
      template.hasResourceProperties('AWS::Scheduler::Schedule', {
        ScheduleExpression: rate,
        Target: Match.objectLike({ RetryPolicy: Match.objectLike({ MaximumRetryAttempts: 0 }) }),
      });
    }
    template.resourceCountIs('AWS::Scheduler::Schedule', 2);
  });
});

describe('HTTP API', () => {
  const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route')).map(
    (route) => (route as { Properties: Record<string, unknown> }).Properties,
  );

  test('has the routes of the program, each for signed requests alone', () => {
    expect(routes.map(({ RouteKey: key }) => key).toSorted()).toEqual(
      ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted(),
    );
    for (const route of routes) expect(route['AuthorizationType']).toBe('AWS_IAM');
  });

  test('logs who asked for what, and is throttled', () => {
    template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      AccessLogSettings: { Format: Match.stringLikeRegexp('identity.userArn') },
      DefaultRouteSettings: { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 20 },
    });
  });
});

describe('stages', () => {
  test('the command finds a stage by one parameter', () => {
    template.hasResourceProperties('AWS::SSM::Parameter', {
      Name: '/mailferry/prod/stack',
      Type: 'String',
    });
    const [parameter] = Object.values(template.findResources('AWS::SSM::Parameter')) as {
      Properties: { Value: { 'Fn::Join': readonly [string, readonly unknown[]] } };
    }[];
    const parts = parameter?.Properties.Value['Fn::Join'][1] ?? [];
    const text = parts.map((part) => (typeof part === 'string' ? part : 'X')).join('');
    expect(JSON.parse(text)).toEqual({
      bucket: 'X',
      table: 'X',
      queues: { fetch: 'X', route: 'X', deliver: 'X' },
      region: 'X',
      api: 'X',
      sesFrom: null,
    });
  });

  test('two stages share no name', () => {
    const names = ['prod', 'test'].map((stage) => fixedNames(synthesizedStage({ stage }).toJSON()));
    expect(names.map((one) => one.toSorted())).toEqual([
      ['/mailferry/prod/stack', 'mailferry-prod'],
      ['/mailferry/test/stack', 'mailferry-test'],
    ]);
  });
});

function functionNamed(name: string): { readonly Timeout: number } {
  const [found] = Object.values(
    template.findResources('AWS::Lambda::Function', {
      Properties: { Description: `Mailferry: ${name}` },
    }),
  ) as { Properties: { Timeout: number } }[];
  if (found === undefined) throw new Error(`expected a function ${name}, found none`);
  return found.Properties;
}

/** `fetch` is what Fetching does. */
function capabilityOf(name: string): string {
  const stem = name.charAt(0).toUpperCase() + name.slice(1);
  return `${stem.replace(/e$/, '')}ing`;
}

/** Physical names that the template fixes, of any kind of resource. */
function fixedNames(json: Record<string, unknown>): readonly string[] {
  const resources = json['Resources'] as Record<
    string,
    { Type: string; Properties?: Record<string, unknown> }
  >;
  const naming = /^(Name|BucketName|TableName|QueueName|FunctionName|RoleName|LogGroupName)$/;
  return Object.values(resources).flatMap(({ Properties: properties = {} }) =>
    Object.entries(properties)
      .filter(([key]) => naming.test(key))
      .flatMap(([, value]) => (typeof value === 'string' ? value : [])),
  );
}
