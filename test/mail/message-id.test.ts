import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { canonicalMessageId, messageIdOf } from '../../shared/mail/message-id.ts';
import { anyCharacter } from './any-character.ts';

describe('canonicalMessageId', () => {
  it.each([
    ['<a@b.example>', '<a@b.example>'],
    [' <a@b.example>\r\n', '<a@b.example>'],
    ['a@b.example', '<a@b.example>'],
    ['<a@b.\r\n example>', '<a@b.example>'],
    ['junk <a@b.example> (comment)', '<a@b.example>'],
    ['<a@b.example', '<a@b.example>'],
    ['<>', null],
    ['', null],
  ])('%j is kept as %j', (written, kept) => {
    expect(canonicalMessageId(written)).toBe(kept);
  });

  it('keeps 250 octets', () => {
    const id = (length: number) => `<${'a'.repeat(length - 2)}>`;
    expect(canonicalMessageId(id(250))).toBe(id(250));
    expect(canonicalMessageId(id(251))).toBe(id(251).slice(0, 250));
    expect(canonicalMessageId(`<${'ü'.repeat(200)}>`)).toHaveLength(250);
  });

  it('is found by what it keeps, and is short', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 600 }), (written) => {
        const kept = canonicalMessageId(written);
        if (kept === null) return;
        expect(kept.length).toBeLessThanOrEqual(250);
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(500);
        if (Buffer.byteLength(kept) < 250) expect(canonicalMessageId(kept)).toBe(kept);
      }),
    );
  });
});

describe('messageIdOf', () => {
  it.each([
    ['Message-ID: <a@b.example>\r\n\r\n', '<a@b.example>'],
    ['message-id:\r\n <a@b.example>\r\nMessage-ID: <c@d.example>\r\n\r\n', '<a@b.example>'],
    ['Message-ID: \r\nMessage-ID: <c@d.example>\r\n\r\n', '<c@d.example>'],
    ['Subject: none\r\n\r\nMessage-ID: <in.the@body.example>\r\n', null],
  ])('of %j is %j', (header, id) => {
    expect(messageIdOf(Buffer.from(header))).toBe(id);
  });
});
