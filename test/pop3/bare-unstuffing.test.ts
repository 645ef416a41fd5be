import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BareUnstuffing } from '../../shared/pop3/bare-unstuffing.ts';

function read(chunks: readonly Buffer[]): { message: Buffer; ended: boolean; rest: Buffer } {
  const unstuffing = new BareUnstuffing();
  const pieces: Buffer[] = [];
  for (const chunk of chunks) {
    let next = 0;
    while (next < chunk.length) {
      next = unstuffing.next(chunk, next);
      if (unstuffing.piece !== null) pieces.push(Buffer.from(unstuffing.piece));
      if (unstuffing.ended) {
        return { message: Buffer.concat(pieces), ended: true, rest: chunk.subarray(next) };
      }
    }
  }
  return { message: Buffer.concat(pieces), ended: false, rest: Buffer.alloc(0) };
}

function cutAt(wire: Buffer, cuts: readonly number[]): Buffer[] {
  const inside = cuts.filter((cut) => cut < wire.length).sort((a, b) => a - b);
  const edges = [0, ...inside, wire.length];
  return edges.slice(1).map((end, index) => wire.subarray(edges[index], end));
}

/** As a server sends it whose lines end in LF. */
function stuffed(message: Buffer, terminator: string): Buffer {
  const text = message.toString('latin1').replaceAll(/^\./gm, '..');
  const complete = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return Buffer.from(complete + terminator, 'latin1');
}

// No CR: a server that sends any is read otherwise.
const message = fc
  .array(fc.constantFrom('\n', '.', '\n.', '\n..', '\0', '\xff', 'x'), { maxLength: 24 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

describe('unstuffing of lines that end in LF', () => {
  it.each(['.\n', '.\r\n'])('gives any message back, for any split, to the end %j', (end) => {
    const cuts = fc.array(fc.nat({ max: 80 }), { maxLength: 12 });
    fc.assert(
      fc.property(message, cuts, (octets, offsets) => {
        const result = read(cutAt(stuffed(octets, end), offsets));
        const text = octets.toString('latin1');
        const complete = text === '' || text.endsWith('\n') ? text : `${text}\n`;
        expect(result.ended).toBe(true);
        expect(result.message.toString('latin1')).toBe(complete);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps a CR that comes behind a stuffed dot, for any split', () => {
    const wire = Buffer.from('a\n.\rb\nc\r\n.\n+OK');
    for (let cut = 0; cut <= wire.length; cut += 1) {
      const result = read(cutAt(wire, [cut]));
      expect(result.message.toString()).toBe('a\n\rb\nc\r\n');
      expect(result.ended).toBe(true);
    }
    expect(read([wire]).rest.toString()).toBe('+OK');
  });
});
