import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DotUnstuffing } from '../../shared/pop3/dot-unstuffing.ts';
import { stuffed } from '../support/dot-stuffing.ts';

interface Read {
  readonly message: Buffer;
  readonly ended: boolean;
  /** What was behind the terminator in its chunk. */
  readonly rest: Buffer;
}

function read(chunks: readonly Buffer[]): Read {
  const unstuffing = new DotUnstuffing();
  const pieces: Buffer[] = [];
  for (const chunk of chunks) {
    let next = 0;
    while (next < chunk.length) {
      next = unstuffing.next(chunk, next);
      if (unstuffing.piece !== null) pieces.push(unstuffing.piece);
      if (unstuffing.ended) {
        return { message: Buffer.concat(pieces), ended: true, rest: chunk.subarray(next) };
      }
    }
  }
  return { message: Buffer.concat(pieces), ended: false, rest: Buffer.alloc(0) };
}

function cutAt(wire: Buffer, cuts: readonly number[]): Buffer[] {
  const offsets = [0, ...[...cuts].sort((a, b) => a - b), wire.length];
  // Copies: reading moves octets together within a chunk.
  return offsets.slice(1).map((end, index) => Buffer.from(wire.subarray(offsets[index], end)));
}

/** As a server completes it: a last line without CRLF gets one. */
function asSent(message: Buffer): Buffer {
  const complete = message.length === 0 || message.subarray(-2).equals(Buffer.from('\r\n'));
  return complete ? message : Buffer.concat([message, Buffer.from('\r\n')]);
}

/** Mostly the octets that matter, so that terminators and their near misses come up all the time. */
const nastyMessage = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '.', '\r\n.', '\r\n..', '\n.\n', '\0', '\xff', 'x'), {
    maxLength: 24,
  })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

describe('dot-unstuffing', () => {
  it.each([1, 2, 3, 7, 64, 4096])('reads a message of dots in chunks of %i octets', (size) => {
    const message = Buffer.from('.\r\n..\r\n.\r\r\n.x\r\n'.repeat(500));
    const wire = Buffer.concat([stuffed(message), Buffer.from('+OK')]);
    const cuts = Array.from({ length: Math.floor(wire.length / size) }, (_, at) => (at + 1) * size);
    const got = read(cutAt(wire, cuts));
    expect(got.message.equals(message)).toBe(true);
    expect(got.ended).toBe(true);
  });

  it('gives many stuffed dots of one chunk in one piece', () => {
    const chunk = stuffed(Buffer.from('.\r\n'.repeat(1000)));
    const unstuffing = new DotUnstuffing();
    let pieces = 0;
    for (let next = 0; !unstuffing.ended;) {
      next = unstuffing.next(chunk, next);
      if (unstuffing.piece !== null) pieces += 1;
    }
    expect(pieces).toBeLessThan(10);
  });

  it('gives the message back for any octets and any split', () => {
    const cuts = fc.array(fc.nat({ max: 80 }), { maxLength: 12 });
    fc.assert(
      fc.property(nastyMessage, cuts, (message, offsets) => {
        const wire = stuffed(message);
        const within = offsets.filter((offset) => offset <= wire.length);
        const result = read(cutAt(wire, within));
        expect(result.ended).toBe(true);
        expect(result.message).toEqual(asSent(message));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives it back octet by octet and in every split into three', () => {
    const message = Buffer.from('.a\r\n..\r\n.\rb\r\n.\r.\n.\n\r\r\n\r\n.\r\n\0\xe9\r\n', 'latin1');
    const wire = stuffed(message);
    const octets = cutAt(wire, [...wire.keys()]);
    expect(read(octets).message).toEqual(message);
    for (let first = 0; first <= wire.length; first += 1) {
      for (let second = first; second <= wire.length; second += 1) {
        const result = read(cutAt(wire, [first, second]));
        expect(result).toEqual({ message, ended: true, rest: Buffer.alloc(0) });
      }
    }
  });

  it('holds back at most four octets, so that a sink sees the rest at once', () => {
    fc.assert(
      fc.property(nastyMessage, fc.nat({ max: 80 }), (message, length) => {
        const wire = stuffed(message);
        // Cut before the terminator's last octet: all that came so far is message, and dots that stuff.
        const prefix = wire.subarray(0, Math.min(length, wire.length - 1));
        const stuffing = prefix.toString('latin1').split('\r\n.').length - 1;
        const atStart = prefix[0] === 0x2e ? 1 : 0;
        const { message: released } = read([Buffer.from(prefix)]);
        expect(asSent(message).subarray(0, released.length)).toEqual(released);
        expect(prefix.length - released.length - stuffing - atStart).toBeLessThanOrEqual(4);
      }),
      { numRuns: 500 },
    );
  });

  it('takes one dot off a line that had no need of it, and keeps the CR behind', () => {
    const wire = Buffer.from('a\r\n.\rb\r\n.\r\r\n.c\r\n.\r\n');
    for (let cut = 0; cut <= wire.length; cut += 1) {
      const { message, ended } = read(cutAt(wire, [cut]));
      expect(message.toString()).toBe('a\r\n\rb\r\n\r\r\nc\r\n');
      expect(ended).toBe(true);
    }
  });

  it('leaves what follows the terminator', () => {
    const result = read([Buffer.from('a\r\n.\r\n+OK next')]);
    expect(result.rest.toString()).toBe('+OK next');
  });

  it.each([
    ['a dot between bare line feeds', 'a\n.\nb\r\n'],
    ['a dot and a bare LF behind CRLF', 'a\r\n.\nb\r\n'],
    ['a dot and a bare CR behind CRLF', 'a\r\n.\rb\r\n'],
  ])('does not take %s for the end', (_, wire) => {
    expect(read([Buffer.from(wire)]).ended).toBe(false);
  });

  it('passes subarrays on instead of copies', () => {
    const wire = Buffer.from(`${'line\r\n'.repeat(1000)}.\r\n`);
    const unstuffing = new DotUnstuffing();
    // The first step only decides on the line end before the body.
    const next = unstuffing.next(wire, 0);
    unstuffing.next(wire, next);
    expect(unstuffing.piece?.buffer).toBe(wire.buffer);
    expect(unstuffing.piece?.length).toBe(6000);
  });
});
