import { expect, test } from 'vitest';

import { meterLog } from './log-meter.ts';

test('octets as CloudWatch takes them in, and each metric of our own once', () => {
  const meter = meterLog();
  const metric = {
    _aws: {
      Timestamp: 1,
      CloudWatchMetrics: [
        { Namespace: 'Mailferry', Dimensions: [['stage']], Metrics: [{ Name: 'Oldest' }] },
      ],
    },
    stage: 'prod',
    Oldest: 3,
  };
  const line = JSON.stringify(metric);
  process.stdout.write('ä\n');
  process.stdout.write(`${line}\n${line}\n`);
  const { octets, metrics } = meter.stop();
  expect(octets).toBe(2 + 26 + 2 * (line.length + 26));
  expect([...metrics]).toEqual(['["Mailferry",[["stage","prod"]],"Oldest"]']);
});
