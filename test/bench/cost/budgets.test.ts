import { expect, test } from 'vitest';

import { isKept } from './budgets.ts';

test('a budget is kept up to its figure, whatever the last bit of a quotient', () => {
  const budget = { what: 'SQS requests a message', budget: 1.5 };
  expect(isKept({ ...budget, figure: 0.1 + 0.4 + 1 })).toBe(true);
  expect(isKept({ ...budget, figure: 1.501 })).toBe(false);
});
