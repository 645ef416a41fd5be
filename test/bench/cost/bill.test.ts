import { describe, expect, test } from 'vitest';

import { billOf, sum, times } from './bill.ts';

describe('bill', () => {
  test('units at their list price, dearest first', () => {
    const { lines, dollars } = billOf({ dynamoWrite: 2e6, s3Write: 1e6 }, 'list');
    expect(lines).toEqual([
      { name: 's3Write', units: 1e6, dollars: 5 },
      { name: 'dynamoWrite', units: 2e6, dollars: 1.25 },
    ]);
    expect(dollars).toBe(6.25);
  });

  test('what is free each month is taken off once, and never below nothing', () => {
    expect(billOf({ sqs: 3e6, alarms: 4 }, 'beyond what is free').dollars).toBeCloseTo(0.8);
    expect(billOf({ alarms: 4 }, 'list').dollars).toBeCloseTo(0.4);
  });

  test('usages are added and multiplied unit by unit', () => {
    expect(sum({ sqs: 1, logs: 2 }, { sqs: 3 }, {})).toEqual({ sqs: 4, logs: 2 });
    expect(times({ sqs: 1.5, logs: 2 }, 10)).toEqual({ sqs: 15, logs: 20 });
  });
});
