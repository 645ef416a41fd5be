import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';

import { measureMessage } from '../../shared/store/measure.ts';
import { spooledMessage } from '../support/spooled-message.ts';

function digestOf(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

describe('measureMessage', () => {
  it.each([
    ['an ordinary message', 'a: b\r\n\r\nbody\r\n', 'body\r\n', false],
    ['no octet at all', '', '', false],
    ['a header without an end', 'a: b\r\n', '', false],
    ['octets above 127 in the header', 'a: \xfc\r\n\r\nbody', 'body', true],
    ['octets above 127 in the body', 'a: b\r\n\r\n\xff', '\xff', true],
  ])('measures %s', async (_, text, body, eightBit) => {
    const octets = Buffer.from(text, 'latin1');
    const measured = await measureMessage(Readable.from([octets], { objectMode: false }));
    expect(measured).toEqual({ size: octets.length, bodyDigest: digestOf(body), eightBit });
  });

  it('finds what fetch found when the message came', async () => {
    const octets = Buffer.from(`a: b\r\n\r\n${'\xfcber\r\n'.repeat(50_000)}`, 'latin1');
    const { size, bodyDigest, eightBit } = await spooledMessage(octets);
    const chunks = Array.from({ length: Math.ceil(octets.length / 777) }, (_, at) =>
      octets.subarray(at * 777, (at + 1) * 777),
    );
    expect(await measureMessage(Readable.from(chunks))).toEqual({ size, bodyDigest, eightBit });
  });
});
