import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { headerFields, splitHeader } from '../../shared/mail/header-block.ts';
import { applyEdits } from '../../shared/mail/header-edits.ts';
import type { HeaderEdits } from '../../shared/routing/decision.ts';
import { headerLike } from './header-like.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const none: HeaderEdits = { remove: [], rename: {}, add: [] };
const edit = (text: string, edits: Partial<HeaderEdits>) =>
  applyEdits(bytes(text), { ...none, ...edits }).toString('latin1');

describe('applyEdits', () => {
  it('removes every occurrence without case, continuation lines included, and nothing else', () => {
    expect(
      edit('A: 1\r\nBCC: x,\r\n y\r\n\t z\r\nB: 2\r\nbcc: w\r\n\r\n', { remove: ['Bcc'] }),
    ).toBe('A: 1\r\nB: 2\r\n\r\n');
  });

  it('leaves the body alone where it looks like a header', () => {
    expect(edit('A: 1\n\n', { remove: ['B'] }) + 'B: body').toBe('A: 1\n\nB: body');
  });

  it('renames every occurrence, without case, blanks before the colon and value as they were', () => {
    expect(
      edit('delivered-TO :\ta\r\n b\r\nA: 1\r\nDelivered-To:c\r\n\r\n', {
        rename: { 'Delivered-To': 'X-Original-Delivered-To' },
      }),
    ).toBe('X-Original-Delivered-To :\ta\r\n b\r\nA: 1\r\nX-Original-Delivered-To:c\r\n\r\n');
  });

  it.each([
    ['on top of the first field', 'A: 1\r\n\r\n', 'X: 1\r\n 2\r\nY: 3\r\nA: 1\r\n\r\n'],
    ['with the line end of the first line', 'A: 1\nB: 2\r\n\n', 'X: 1\n 2\nY: 3\nA: 1\nB: 2\r\n\n'],
    [
      'above a From_ line',
      'From a\n>From b\nA: 1\n\n',
      'X: 1\n 2\nY: 3\nFrom a\n>From b\nA: 1\n\n',
    ],
    [
      'above junk and a first line with a blank',
      '  j\nk\nA: 1\n',
      'X: 1\n 2\nY: 3\n  j\nk\nA: 1\n',
    ],
    ['before a message that is all body', 'Hello world\n', 'X: 1\n 2\nY: 3\n\nHello world\n'],
    ['before an empty message', '', 'X: 1\r\n 2\r\nY: 3\r\n\r\n'],
    ['before the empty line that a message begins with', '\n', 'X: 1\n 2\nY: 3\n\n'],
    ['before a last line without its end', 'A: 1', 'X: 1\r\n 2\r\nY: 3\r\nA: 1'],
  ])('adds fields %s', (_where, text, result) => {
    expect(edit(text, { add: ['X: 1\r\n 2', 'Y: 3'] })).toBe(result);
  });

  it('adds above junk when the first field is removed', () => {
    expect(edit('j\nRet: 1\n 2\nA: 1\n\n', { add: ['X: 1'], remove: ['ret'] })).toBe(
      'X: 1\nj\nA: 1\n\n',
    );
  });

  it('changes nothing without edits', () => {
    fc.assert(
      fc.property(headerLike, (header) => {
        expect(applyEdits(header, none).equals(header)).toBe(true);
      }),
    );
  });

  it('leaves every octet outside the edited fields in its place', () => {
    const edits: HeaderEdits = {
      remove: ['return-path', 'BCC'],
      rename: { 'delivered-to': 'X-Was' },
      add: ['X-New: 1'],
    };
    fc.assert(
      fc.property(headerLike, (message) => {
        const header = splitHeader(message, true)?.header ?? Buffer.of();
        const result = applyEdits(header, edits).toString('latin1');
        expect(result.replace(/X-New: 1\r?\n/, '')).toBe(expectedWithout(header));
      }),
    );
  });
});

/** The same removal and renaming, written field by field; what has no field gets the separating empty line. */
function expectedWithout(header: Buffer): string {
  let result = '';
  let at = 0;
  let fields = 0;
  for (const field of headerFields(header)) {
    fields += 1;
    result += header.toString('latin1', at, field.start);
    const name = field.name.toLowerCase();
    if (name === 'delivered-to') {
      result += `X-Was${header.toString('latin1', field.nameEnd, field.end)}`;
    } else if (name !== 'return-path' && name !== 'bcc') {
      result += header.toString('latin1', field.start, field.end);
    }
    at = field.end;
  }
  result += header.toString('latin1', at);
  if (fields > 0 || /^[\r\n]/.test(result)) return result;
  return (/^[^\n]*(?<!\r)\n/.test(result) ? '\n' : '\r\n') + result;
}
