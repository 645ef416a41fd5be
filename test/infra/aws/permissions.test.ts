import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';

import {
  actionsOf,
  resourcesOf,
  roleStatements,
  synthesizedStage,
} from '../../support/synthesized-stage.ts';

const template = synthesizedStage();
const roles = roleStatements(template);

/** `s3:PutObject Incoming/*`: what a role may do, with the area or path of it. */
function permissions(role: string, service: string): readonly string[] {
  const statements = roles.get(role) ?? [];
  return statements
    .filter(({ Effect: effect }) => effect === 'Allow')
    .flatMap((statement) =>
      actionsOf(statement).flatMap((action) =>
        resourcesOf(statement).map((resource) => `${action} ${placeOf(resource)}`.trim()),
      ),
    )
    .filter((text) => text.startsWith(`${service}:`))
    .sort();
}

function placeOf(resource: string): string {
  return resource
    .replace(/^arn:.*:parameter\/mailferry\/prod\//, '')
    .replace(/^\{(\w+?)[0-9A-F]{8}\}\/?/, (_, id: string) => (id === 'MailBucket' ? '' : id));
}

describe('roles', () => {
  test('one a function and one a schedule, without managed policies', () => {
    expect([...roles.keys()].sort()).toEqual(
      [
        'DispatchingFunction',
        'DispatchingTick',
        'FetchingFunction',
        'RoutingFunction',
        'DeliveringFunction',
        'SweepingFunction',
        'SweepingTick',
        'HttpApiFunction',
      ].sort(),
    );
    const all = Object.values(template.findResources('AWS::IAM::Role')) as {
      Properties: Record<string, unknown>;
    }[];
    for (const { Properties: role } of all) expect(role['ManagedPolicyArns']).toBeUndefined();
  });

  test('no action by wildcard, and no resource but one below a prefix', () => {
    for (const statement of [...roles.values()].flat()) {
      for (const action of actionsOf(statement)) expect(action).not.toContain('*');
      for (const resource of resourcesOf(statement)) {
        expect(resource).toMatch(
          /^(\{\w+\}|\{\w+\}\/index\/\w+|\{\w+\}\/(Incoming|Incoming\/_notices|Failed)\/\*|arn:.*:parameter\/mailferry\/prod\/[a-z-]+(\/[a-z-]+)?(\/\*)?)$/,
        );
      }
    }
  });

  test('nobody may remove a version of an object, an item or a parameter', () => {
    const actions = [...roles.values()].flat().flatMap(actionsOf);
    expect(actions.filter((action) => /Version|dynamodb:Delete|ssm:Delete/.test(action))).toEqual(
      [],
    );
  });
});

describe('what each may do with mail', () => {
  test.each([
    ['DispatchingFunction', []],
    ['FetchingFunction', ['s3:PutObject Incoming/*']],
    ['RoutingFunction', ['s3:GetObject Failed/*', 's3:GetObject Incoming/*', 's3:ListBucket']],
    [
      'DeliveringFunction',
      [
        's3:DeleteObject Failed/*',
        's3:DeleteObject Incoming/*',
        's3:GetObject Failed/*',
        's3:GetObject Incoming/*',
        's3:ListBucket',
        's3:PutObject Failed/*',
        's3:PutObject Incoming/_notices/*',
      ],
    ],
    [
      'SweepingFunction',
      [
        's3:DeleteObject Failed/*',
        's3:DeleteObject Incoming/*',
        's3:GetObject Failed/*',
        's3:GetObject Incoming/*',
        's3:ListBucket',
        's3:PutObject Failed/*',
        's3:PutObject Incoming/_notices/*',
      ],
    ],
    ['HttpApiFunction', ['s3:DeleteObject Failed/*', 's3:GetObject Failed/*', 's3:ListBucket']],
  ])('%s', (role, expected) => {
    expect(permissions(role, 's3')).toEqual(expected);
  });
});

describe('mail in Incoming/', () => {
  test('is created by whoever writes it, and never overwritten', () => {
    const writing = [...roles].flatMap(([role, statements]) =>
      statements
        .filter(
          (statement) =>
            actionsOf(statement).includes('s3:PutObject') &&
            resourcesOf(statement).some((one) => one.includes('/Incoming/')),
        )
        .map((statement) => ({ role, condition: statement.Condition })),
    );
    const createOnly = { Null: { 's3:if-none-match': 'false' } };
    expect(writing).toEqual(
      ['FetchingFunction', 'DeliveringFunction', 'SweepingFunction'].map((role) => ({
        role,
        condition: createOnly,
      })),
    );
  });

  test('nobody but deliver and sweep may remove it, and fetch and dispatch cannot read it', () => {
    const may = (action: string) =>
      [...roles.keys()].filter((role) => permissions(role, 's3').includes(`${action} Incoming/*`));
    expect(may('s3:DeleteObject')).toEqual(['DeliveringFunction', 'SweepingFunction']);
    expect(may('s3:GetObject')).not.toContain('FetchingFunction');
    expect(may('s3:GetObject')).not.toContain('DispatchingFunction');
  });
});

describe('which secrets each may read', () => {
  test.each([
    ['DispatchingFunction', []],
    ['FetchingFunction', ['ssm:GetParameter secrets/*']],
    [
      'RoutingFunction',
      ['ssm:GetParameter secrets/mailferry-loop', 'ssm:GetParameter secrets/mailferry-loop/*'],
    ],
    ['DeliveringFunction', ['ssm:GetParameter secrets/*']],
    ['SweepingFunction', []],
    [
      'HttpApiFunction',
      ['ssm:GetParameter secrets/mailferry-loop', 'ssm:GetParameter secrets/mailferry-loop/*'],
    ],
  ])('%s', (role, expected) => {
    const secrets = permissions(role, 'ssm').filter((one) => /Get.* secrets/.test(one));
    expect(secrets).toEqual(expected);
  });
});

describe('who may write parameters', () => {
  const writers = [...roles].filter(([, statements]) =>
    statements.flatMap(actionsOf).includes('ssm:PutParameter'),
  );

  test('fetch alone: rotated refresh tokens among the secrets of its stage', () => {
    expect(writers.map(([role]) => role)).toEqual(['FetchingFunction']);
    const writing = permissions('FetchingFunction', 'ssm').filter((one) => one.includes('Put'));
    expect(writing).toEqual(['ssm:PutParameter secrets/*']);
  });

  test('and not the key of the loop marker', () => {
    const denied = writers[0]?.[1].filter(({ Effect: effect }) => effect === 'Deny') ?? [];
    expect(denied.flatMap(actionsOf)).toEqual(['ssm:PutParameter']);
    expect(denied.flatMap(resourcesOf).map(placeOf)).toEqual([
      'secrets/mailferry-loop',
      'secrets/mailferry-loop/*',
    ]);
  });

  test('nothing else is denied, which would hide a permission that nobody needs', () => {
    const denied = [...roles.values()].flat().filter(({ Effect: effect }) => effect !== 'Allow');
    expect(denied).toHaveLength(1);
  });
});

test('fetch alone tells the alarm topic, and knows where it is', () => {
  const publishers = [...roles].filter(([, statements]) =>
    statements.flatMap(actionsOf).includes('sns:Publish'),
  );
  expect(publishers.map(([role]) => role)).toEqual(['FetchingFunction']);
  expect(permissions('FetchingFunction', 'sns')).toEqual([
    expect.stringMatching(/^sns:Publish .*AlertsTopic/),
  ]);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Description: 'Mailferry: fetch',
    Environment: {
      Variables: { MAILFERRY_ALARM_TOPIC: { Ref: Match.stringLikeRegexp('^AlertsTopic') } },
    },
  });
});

describe('which queues each may send to', () => {
  test.each([
    ['DispatchingFunction', ['FetchingJobsQueue']],
    ['FetchingFunction', []],
    ['RoutingFunction', ['DeliveringJobsQueue']],
    ['DeliveringFunction', ['RoutingJobsQueue']],
    ['SweepingFunction', ['DeliveringJobsQueue', 'RoutingJobsQueue']],
    ['HttpApiFunction', ['DeliveringJobsQueue', 'FetchingJobsQueue', 'RoutingJobsQueue']],
  ])('%s', (role, expected) => {
    const sends = permissions(role, 'sqs').filter((one) => one.startsWith('sqs:SendMessage '));
    expect(sends.map((one) => one.slice('sqs:SendMessage '.length))).toEqual(expected);
  });
});

describe('Amazon SES', () => {
  test('is nobody’s by default', () => {
    for (const role of roles.keys()) expect(permissions(role, 'ses')).toEqual([]);
  });

  test('as one address, and its domain, for deliver alone, which then has room for whole messages', () => {
    const ses = { from: 'connector@corp.example', region: 'eu-west-1' };
    const stage = synthesizedStage({ ses });
    const sending = [...roleStatements(stage)].flatMap(([role, statements]) =>
      statements
        .filter((statement) => actionsOf(statement).some((action) => action.startsWith('ses:')))
        .map((statement) => ({ role, statement })),
    );
    expect(sending.map(({ role }) => role)).toEqual(['DeliveringFunction']);
    const [{ statement }] = sending as [(typeof sending)[number]];
    expect(actionsOf(statement)).toEqual(['ses:SendEmail', 'ses:SendRawEmail']);
    const resources = resourcesOf(statement).map((one) => one.replace(/^.*:ses:/, ''));
    expect(resources).toEqual([
      expect.stringMatching(/^eu-west-1:.*:identity\/connector@corp\.example$/),
      expect.stringMatching(/^eu-west-1:.*:identity\/corp\.example$/),
      expect.stringMatching(/^eu-west-1:.*:configuration-set\/\*$/),
    ]);
    stage.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'Mailferry: deliver',
      MemorySize: 1024,
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'Mailferry: deliver',
      MemorySize: 256,
    });
  });
});
