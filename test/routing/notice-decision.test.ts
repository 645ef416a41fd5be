import { expect, it } from 'vitest';

import { duplicateKey } from '../../shared/mail/duplicate-key.ts';
import { isOwnMarker, makeMarker } from '../../shared/mail/marker.ts';
import { decideNotice } from '../../shared/routing/notice-decision.ts';

it('a notice goes to its fixed recipient, from the null sender, marked as our own', () => {
  const header = Buffer.from('From: ferry@corp.example\r\nMessage-ID: <1@x>\r\n\r\n');
  const key = { mailbox: '_notices', sha256: 'ab'.repeat(32) };
  const loopKey = Buffer.from('a key of this instance');
  const bodyDigest = 'cd'.repeat(32);
  const recipient = 'admin@corp.example';
  const decided = decideNotice({ header, key, bodyDigest, recipient, loopKey });
  const marker = makeMarker(header, key, loopKey);
  expect(decided).toEqual({
    decision: {
      outcome: 'deliver',
      recipients: [{ address: recipient, source: 'notice', rule: null, alias: null }],
      ignored: [],
      ignoredCount: 0,
      mailFrom: '',
      edits: { remove: [], rename: {}, add: [marker] },
      warnings: [],
    },
    duplicateKey: duplicateKey(header, bodyDigest),
  });
  expect(isOwnMarker(Buffer.concat([Buffer.from(`${marker}\r\n`), header]), loopKey)).toBe(true);
});
