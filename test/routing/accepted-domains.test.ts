import { expect, it } from 'vitest';

import { isAcceptedDomain } from '../../shared/routing/accepted-domains.ts';

it.each([
  ['corp.example', ['corp.example'], true],
  ['corp.example', ['other.example', 'corp.example'], true],
  ['lab.corp.example', ['corp.example'], false],
  ['evilcorp.example', ['corp.example'], false],
  ['corp.example.evil.example', ['corp.example'], false],
  ['lab.corp.example', ['*.corp.example'], true],
  ['a.lab.corp.example', ['*.corp.example'], true],
  ['a.corp.example', ['*.corp.example'], true],
  ['corp.example', ['*.corp.example'], false],
  ['.corp.example', ['*.corp.example'], false],
  ['evilcorp.example', ['*.corp.example'], false],
  ['corp.example', [], false],
])('%s in %j: %s', (domain, accepted, answer) => {
  expect(isAcceptedDomain(domain, accepted)).toBe(answer);
});
