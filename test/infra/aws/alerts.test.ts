import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { RUNBOOK, runbookLink } from '../../../shared/notice/runbook.ts';
import type { RunbookEntry } from '../../../shared/notice/runbook.ts';
import { synthesizedStage } from '../../support/synthesized-stage.ts';

const template = synthesizedStage({ alertAddress: 'admin@corp.example' });
const runbook = readFileSync(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8');
const headings = runbook
  .split('\n')
  .filter((line) => /^#{2,3} /.test(line))
  .map((line) => line.replace(/^#+ /, ''));

interface AlarmProperties {
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Statistic?: string;
  readonly Period?: number;
  readonly Threshold?: number;
  readonly ComparisonOperator?: string;
  readonly TreatMissingData?: string;
  readonly AlarmDescription: string;
  readonly AlarmActions: readonly unknown[];
  readonly OKActions: readonly unknown[];
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}
const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
  (alarm) => (alarm as { Properties: AlarmProperties }).Properties,
);

describe('alarms', () => {
  test('each says what it means, where to read on, and tells the topic when it begins and ends', () => {
    const topic = [{ Ref: Object.keys(template.findResources('AWS::SNS::Topic'))[0] }];
    const links = Object.keys(RUNBOOK).map((entry) => runbookLink(entry as RunbookEntry));
    expect(alarms.length).toBeGreaterThan(0);
    for (const { AlarmDescription: text, AlarmActions: begin, OKActions: end } of alarms) {
      expect(text).toMatch(/^Mailferry: [a-z].* What to do: docs\/runbook\.md#[a-z-]+$/);
      expect(links).toContain(text.slice(text.lastIndexOf(' ') + 1));
      expect(begin).toEqual(topic);
      expect(end).toEqual(topic);
    }
  });

  test('every dead-letter queue has one', () => {
    const queues = Object.keys(template.findResources('AWS::SQS::Queue'));
    const deadLetters = queues.filter((id) => id.includes('DeadLetters'));
    const watched = alarms.flatMap(({ Dimensions: dimensions = [] }) =>
      dimensions.flatMap(({ Value: value }) => JSON.stringify(value)),
    );
    expect(deadLetters).toHaveLength(3);
    for (const id of deadLetters) {
      expect(watched).toContain(JSON.stringify({ 'Fn::GetAtt': [id, 'QueueName'] }));
    }
  });

  test.each([
    ['oldestOpen', 'OldestOpenSeconds', 'Maximum', 900, 'GreaterThan', 7200, 'ignore'],
    ['failedGrowing', 'Parked', 'Sum', 900, 'GreaterThan', 0, 'notBreaching'],
    ['difference', 'SweepDifferences', 'Sum', 900, 'GreaterThan', 0, 'notBreaching'],
    ['destinationDown', 'DestinationDown', 'Sum', 1800, 'GreaterThan', 0, 'notBreaching'],
    ['noSweep', 'OldestOpenSeconds', 'SampleCount', 3600, 'LessThan', 1, 'breaching'],
  ] as const)(
    '%s watches %s of its own stage',
    (entry, MetricName, Statistic, Period, operator, Threshold, TreatMissingData) => {
      const [alarm] = alarms.filter(({ AlarmDescription: text }) =>
        text.endsWith(` ${runbookLink(entry)}`),
      );
      expect(alarm).toMatchObject({
        Namespace: 'Mailferry',
        ...{ MetricName, Statistic, Period, Threshold, TreatMissingData },
        ComparisonOperator: `${operator}Threshold`,
        Dimensions: [{ Name: 'service', Value: 'mailferry-prod' }],
      });
    },
  );

  test('no more than ten, which cost nothing', () => {
    expect(alarms.length).toBeLessThanOrEqual(10);
  });

  test('every entry of the runbook is rung by an alarm, or told by the functions', () => {
    const rung = alarms.map(({ AlarmDescription: text }) => text.slice(text.lastIndexOf(' ') + 1));
    const byFunctions = [runbookLink('mailboxFails'), runbookLink('mailboxSilent')];
    const all = Object.keys(RUNBOOK).map((entry) => runbookLink(entry as RunbookEntry));
    expect([...new Set([...rung, ...byFunctions])].toSorted()).toEqual(all.toSorted());
  });

  test('the address of the deployment is subscribed, and nobody where none is given', () => {
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'admin@corp.example',
    });
    synthesizedStage().resourceCountIs('AWS::SNS::Subscription', 0);
  });
});

describe('runbook', () => {
  test.each(Object.entries(RUNBOOK))('%s: has the heading "%s"', (_, heading) => {
    expect(headings).toContain(heading);
  });

  test('an anchor is made as Markdown makes it', () => {
    expect(runbookLink('oldestOpen')).toBe('docs/runbook.md#old-mail-is-still-on-its-way');
  });
});
