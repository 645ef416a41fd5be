import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LineBody } from '../../shared/pop3/line-body.ts';
import { LineEnds } from '../../shared/pop3/line-ends.ts';

function read(
  chunks: readonly Buffer[],
  maxOctets = 1_000_000,
): { lines: string[]; body: LineBody; ended: boolean } {
  const lines: string[] = [];
  const body = new LineBody('LIST', maxOctets, new LineEnds(), (line) =>
    lines.push(line.toString('latin1')),
  );
  let ended = false;
  for (const chunk of chunks) ended = body.read(chunk, 0).ended;
  return { lines, body, ended };
}

describe('an answer of lines', () => {
  it('gives the same lines for any split', () => {
    const line = fc
      .string({ unit: fc.constantFrom('a', '1', ' ', '.', '\xff') })
      .filter((text) => text !== '.');
    const cuts = fc.array(fc.nat({ max: 100 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 8 }),
        fc.constantFrom('\r\n', '\n'),
        cuts,
        (lines, end, offsets) => {
          const wire = Buffer.from([...lines, '.', ''].join(end), 'latin1');
          const edges = [
            0,
            ...offsets.filter((each) => each < wire.length).sort((a, b) => a - b),
            wire.length,
          ];
          const chunks = edges.slice(1).map((edge, index) => wire.subarray(edges[index], edge));
          const result = read(chunks.filter((chunk) => chunk.length > 0));
          expect(result.lines).toEqual(lines);
          expect(result.ended).toBe(true);
        },
      ),
    );
  });

  it('stops behind the terminator', () => {
    const body = new LineBody('LIST', 1000, new LineEnds(), () => undefined);
    expect(body.read(Buffer.from('1 1\r\n.\r\n+OK'), 0)).toEqual({ next: 8, ended: true });
  });

  it('counts lines that are too long, however they come', () => {
    const long = Buffer.from(`${'x'.repeat(9000)}\r\n2 b\r\n.\r\n`);
    const whole = read([long]);
    const inParts = read([long.subarray(0, 8500), long.subarray(8500, 8990), long.subarray(8990)]);
    for (const { lines, body, ended } of [whole, inParts]) {
      expect({ lines, overlong: body.overlong, ended }).toEqual({
        lines: ['2 b'],
        overlong: 1,
        ended: true,
      });
    }
  });

  it('throws when it never ends', () => {
    const flood = Array.from({ length: 20 }, () => Buffer.from('1 1\r\n'.repeat(20)));
    expect(() => read(flood, 1500)).toThrow(/LIST within 1500 octets/);
  });
});
