import { setImmediate as turn } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { collectGarbage } from '../../../infra/local/garbage-collection.ts';

test('what nobody holds any more is gone at once, and what somebody holds is there', async () => {
  const held = { name: 'held' };
  const weak = { held: new WeakRef(held), dropped: new WeakRef({ name: 'dropped' }) };
  // A reference just made keeps its target until the turn ends.
  await turn();
  collectGarbage();
  expect(weak.dropped.deref()).toBeUndefined();
  expect(weak.held.deref()).toBe(held);
});
