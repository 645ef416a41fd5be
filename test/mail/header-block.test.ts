import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  collectFields,
  countFields,
  fieldValue,
  headerEndFinder,
  headerFields,
  lineEndOf,
  splitHeader,
  startsWithEmptyLine,
} from '../../shared/mail/header-block.ts';
import { headerLike, cut } from './header-like.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('splitHeader', () => {
  it.each([
    ['CRLF', 'A: 1\r\nB: 2\r\n\r\nbody', 14],
    ['LF', 'A: 1\nB: 2\n\nbody', 11],
    ['LF, then an empty CRLF line', 'A: 1\n\r\nbody', 7],
    ['CRLF, then an empty LF line', 'A: 1\r\n\nbody', 7],
    ['CR CR LF', 'A: 1\r\r\n\r\r\nbody', 10],
    ['an empty line at once', '\r\nA: 1\r\n\r\n', 2],
    ['a line of blanks does not end it', 'A: 1\n \n\t\nB: 2\n\n', 15],
    ['the first of two empty lines ends it', 'A: 1\n\n\n\n', 6],
  ])('%s', (_name, text, end) => {
    const split = splitHeader(bytes(text), false);
    expect(split?.bodyStart).toBe(end);
    expect(split?.header.toString('latin1')).toBe(text.slice(0, end));
  });

  it('needs more octets while no empty line has come', () => {
    for (const text of ['', 'A', 'A: 1\r', 'A: 1\r\n', 'A: 1\r\n\r', 'A: 1\n\r', 'A: 1\n \n'])
      expect(splitHeader(bytes(text), false)).toBeNull();
  });

  it('takes the whole when the message ends without an empty line', () => {
    expect(splitHeader(bytes('A: 1\r\n\r'), true)?.bodyStart).toBe(7);
    expect(splitHeader(bytes(''), true)).toEqual({ header: bytes(''), bodyStart: 0 });
  });
});

describe('headerEndFinder', () => {
  it('finds the same end in whatever chunks the octets come', () => {
    fc.assert(
      fc.property(headerLike, fc.array(fc.nat()), (message, cuts) => {
        const endIn = headerEndFinder();
        let before = 0;
        let found: number | null = null;
        for (const chunk of cut(message, cuts)) {
          const end = endIn(chunk);
          if (end !== null) {
            found = before + end;
            break;
          }
          before += chunk.length;
        }
        expect(found).toBe(splitHeader(message, false)?.bodyStart ?? null);
      }),
    );
  });
});

describe('headerFields', () => {
  const read = (text: string) => {
    const header = bytes(text);
    return Array.from(headerFields(header), (field) => [
      field.name,
      fieldValue(header, field).toString('latin1'),
      header.toString('latin1', field.start, field.end),
    ]);
  };

  it('gives name, value with its folding, and all octets of each field', () => {
    expect(read('To: a\r\n b\r\n\tc\r\nX-Y :d\r\n\r\nZ: body')).toEqual([
      ['To', ' a\r\n b\r\n\tc', 'To: a\r\n b\r\n\tc\r\n'],
      ['X-Y', 'd', 'X-Y :d\r\n'],
    ]);
  });

  it.each([
    [
      'From_ lines and junk have no field, nor have their continuations',
      'From a@b Mon\n>From c\nA: 1\njunk\n more\nB: 2\n',
      ['A', 'B'],
    ],
    ['a first line that begins with a blank', ' x: 1\nA: 1\n', ['A']],
    [
      'a name of 8-bit octets, DEL, a blank or nothing',
      'T\xf6: 1\nA\x7f: 1\nB C: 1\n: 1\nD: 1\n',
      ['D'],
    ],
    ['a colon in the next line is none of this one', 'A\n: 1\nB: 2\n', ['B']],
    ['NUL in a value', 'A: \0\0\nB: 2\n', ['A', 'B']],
    ['nothing behind the empty line', '\nA: 1\n', []],
    ['the last line may lack its end', 'A: 1\nB:', ['A', 'B']],
    ['the edges of the range of name octets', '!: 1\n~: 2\n', ['!', '~']],
  ])('%s', (_name, text, names) => {
    expect(read(text).map(([name]) => name)).toEqual(names);
  });

  it('reads a bare CR as a line end, for SMTP makes one of it', () => {
    expect(read('A: 1\rB: 2\r 3\r\rC: body\r\n')).toEqual([
      ['A', ' 1', 'A: 1\r'],
      ['B', ' 2\r 3', 'B: 2\r 3\r'],
    ]);
    expect(read('\rA: 1\r\n')).toEqual([]);
  });

  it('reads CR CR LF as one line end', () => {
    expect(read('A: 1\r\r\nB: 2\r\r\n\r\r\nC: body')).toEqual([
      ['A', ' 1', 'A: 1\r\r\n'],
      ['B', ' 2', 'B: 2\r\r\n'],
    ]);
  });

  it('leaves no gap between one field and its continuation lines, and never overlaps', () => {
    fc.assert(
      fc.property(headerLike, (header) => {
        let before = 0;
        for (const field of headerFields(header)) {
          expect(field.start).toBeGreaterThanOrEqual(before);
          expect(field.nameEnd).toBeGreaterThan(field.start);
          expect(field.valueStart).toBeGreaterThan(field.nameEnd);
          expect(field.valueEnd).toBeGreaterThanOrEqual(field.valueStart);
          expect(field.end).toBeGreaterThanOrEqual(field.valueEnd);
          before = field.end;
        }
        expect(before).toBeLessThanOrEqual(header.length);
      }),
    );
  });
});

describe('collectFields', () => {
  it('finds names without case, in their order, and only those asked for', () => {
    const header = bytes('TO: 1\nCc: 2\nto: 3\nX: 4\n\n');
    const fields = collectFields(header, new Set(['to', 'bcc']));
    expect([...fields.keys()]).toEqual(['to']);
    expect(fields.get('to')?.map((field) => field.name)).toEqual(['TO', 'to']);
  });
});

describe('countFields', () => {
  it('counts up to the limit', () => {
    const header = bytes('A: 1\nb: 2\nx: 0\na: 3\n');
    const names = new Set(['a', 'b']);
    expect(countFields(header, names, 9)).toBe(3);
    expect(countFields(header, names, 2)).toBe(2);
  });
});

it.each([
  ['A: 1\r\nB: 2\n', '\r\n'],
  ['A: 1\nB: 2\r\n', '\n'],
  ['A: 1', '\r\n'],
  ['\n', '\n'],
  ['', '\r\n'],
])('lineEndOf %j is that of the first line', (text, lineEnd) => {
  expect(lineEndOf(bytes(text))).toBe(lineEnd);
});

it.each([
  ['\r\nA', true],
  ['\nA', true],
  ['\rA', true],
  ['A\n', false],
  ['', false],
])('startsWithEmptyLine %j', (text, empty) => {
  expect(startsWithEmptyLine(bytes(text))).toBe(empty);
});
