import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Failure } from '../../shared/failure.ts';
import { splitHeader } from '../../shared/mail/header-block.ts';
import { applyEdits } from '../../shared/mail/header-edits.ts';
import type { HeaderEdits } from '../../shared/routing/decision.ts';
import { editStream } from '../../shared/store/edit-stream.ts';
import { cut, headerLike } from '../mail/header-like.ts';

const edits: HeaderEdits = {
  remove: ['Return-Path', 'Bcc'],
  rename: { 'Delivered-To': 'X-Original-Delivered-To' },
  add: ['X-New: 1'],
};

/** Empty chunks are left out: a stream in octet mode passes none on. */
const through = (chunks: readonly Buffer[], limit?: number) =>
  buffer(Readable.from(chunks.filter(({ length }) => length > 0)).pipe(editStream(edits, limit)));

describe('editStream', () => {
  it('gives what the pure edit gives, however the message was cut', async () => {
    await fc.assert(
      fc.asyncProperty(headerLike, fc.array(fc.nat(), { maxLength: 6 }), async (message, cuts) => {
        const split = splitHeader(message, true);
        const whole = Buffer.concat([
          applyEdits(split?.header ?? message, edits),
          message.subarray(split?.bodyStart),
        ]);
        expect((await through(cut(message, cuts))).toString('latin1')).toBe(
          whole.toString('latin1'),
        );
      }),
    );
  });

  it('passes a body of any size without holding it back', async () => {
    const body = Buffer.alloc(200_000, 'Bcc: x\r\n');
    const sent = await through([Buffer.from('A: 1\r\n\r\n'), body, body]);
    expect(sent.equals(Buffer.concat([Buffer.from('X-New: 1\r\nA: 1\r\n\r\n'), body, body]))).toBe(
      true,
    );
  });

  it('takes a header block of just the limit', async () => {
    const sent = await through([Buffer.from('A: 1\n'), Buffer.from('\nbody')], 6);
    expect(sent.toString()).toBe('X-New: 1\nA: 1\n\nbody');
  });

  it('fails on a larger one, permanently, before it has let anything out', async () => {
    const stream = editStream(edits, 5);
    const seen: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => seen.push(chunk));
    const failed = new Promise((resolve) => stream.once('error', resolve));
    stream.write(Buffer.from('A: 1\n'));
    stream.write(Buffer.from('\nbody'));
    const error = await failed;
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ kind: 'internal', permanence: 'permanent' });
    expect(String(error)).toContain('at most 5 octets');
    expect(seen).toEqual([]);
  });
});
