import { describe, expect, it } from 'vitest';

import { formatKey, isMailboxId, NOTICES, parseKey } from '../../shared/mail/message-key.ts';

const SHA256 = '0f'.repeat(32);

describe('parseKey', () => {
  it.each(['sales', 'S', 'a.b_c-d', 'x'.repeat(63), '9', NOTICES])(
    'reads what formatKey wrote: %s',
    (mailbox) => {
      const key = { mailbox, sha256: SHA256 };
      expect(formatKey(key)).toBe(`${mailbox}/${SHA256}`);
      expect(parseKey(formatKey(key))).toEqual(key);
    },
  );

  it.each([
    '',
    'sales',
    SHA256,
    `/${SHA256}`,
    `sales/${SHA256}0`,
    `sales/0${SHA256}`,
    `sales/${SHA256.slice(1)}`,
    `sales/${SHA256.toUpperCase()}`,
    `sales/${SHA256}/`,
    `sales//${SHA256}`,
    `../${SHA256}`,
    `a b/${SHA256}`,
    ` sales/${SHA256}`,
    `sales /${SHA256}`,
    `${'x'.repeat(64)}/${SHA256}`,
    `_other/${SHA256}`,
  ])('takes nothing else: %j', (text) => {
    expect(parseKey(text)).toBeNull();
  });
});

it('isMailboxId knows no name that means something to a file system, nor our own', () => {
  expect(['sales', 'A1', 'a.b'].every(isMailboxId)).toBe(true);
  expect(
    ['', '.', '..', '.a', '-a', '_a', NOTICES, 'a/b', 'a\\b', 'ä', 'a\n'].some(isMailboxId),
  ).toBe(false);
});
