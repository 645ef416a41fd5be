import { expect, test } from 'vitest';

import { refuseNode } from '../../../manager/launch/node-version.js';

test('an older Node is told of the one that npm ci brings along', () => {
  for (const version of ['18.20.4', '20.20.2', '22.12.0', '23.11.1']) {
    expect(refuseNode(version)).toMatch(
      new RegExp(`^expected Node 24 or newer, got ${version}; .*npx mailferry`),
    );
  }
});

test('this one will do', () => {
  expect(refuseNode('24.0.0')).toBeNull();
  expect(refuseNode('26.1.0')).toBeNull();
  expect(refuseNode(process.versions.node)).toBeNull();
});
