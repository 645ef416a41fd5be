import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseReply, ReplyReader } from '../../shared/courier/smtp-reply.ts';

describe('parseReply', () => {
  it.each([
    ['250 2.0.0 queued', 250, '2.0.0', 'queued'],
    ['550-5.1.1 no such user\n550 5.1.1 try another', 550, '5.1.1', 'no such user try another'],
    ['250', 250, null, ''],
    ['250 ', 250, null, ''],
    ['451 4.3', 451, null, '4.3'],
    ['550 5.1.1', 550, '5.1.1', ''],
    ['550-first\n550 5.7.1 second', 550, '5.7.1', 'first second'],
  ])('reads %j', (raw, code, enhancedCode, text) => {
    expect(parseReply(raw)).toMatchObject({ code, enhancedCode, text });
  });

  it.each([
    ...['2500 ok', '25 ok', 'hello', '199 odd', '650 odd', '250ok', ''],
    ...['550-no\n250 ok', '250-ok\n550 no', '250-ok\nhm'],
  ])('finds no code in %j', (raw) => {
    expect(parseReply(raw).code).toBeNull();
  });
});

describe('ReplyReader', () => {
  const stream = Buffer.from(
    '250-one\r\n250 two\r\n\r\n354 go\r\n550 5.1.1 gr\u00fcn\r\nnonsense\r\n250 unfinished',
  );
  const expected = [
    [250, 'one two'],
    [354, 'go'],
    [550, 'gr\u00fcn'],
    [null, 'nonsense'],
  ];

  it('gives the same replies however the octets are cut, and none without its line end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: stream.length - 1 })), (cuts) => {
        const reader = new ReplyReader();
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const replies = edges.flatMap((edge, at) =>
          reader.push(stream.subarray(edge, edges[at + 1])),
        );
        expect(replies.map((reply) => [reply.code, reply.text])).toEqual(expected);
      }),
    );
  });

  it('keeps octets that are no UTF-8', () => {
    const [reply] = new ReplyReader().push(Buffer.from('550 gr\xfcn\r\n', 'latin1'));
    expect(reply?.text).toBe('gr\u00fcn');
  });

  it('keeps a bounded part of an endless reply, and its code', () => {
    const reader = new ReplyReader();
    const [reply] = reader.push(Buffer.from('250-x\r\n'.repeat(10_000) + '250 end\r\n'));
    expect(reply?.code).toBe(250);
    expect(reply?.text.length).toBeLessThan(200);
  });
});
