import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { splitHeader } from '../../shared/mail/header-block.ts';
import { applyEdits } from '../../shared/mail/header-edits.ts';
import type { HeaderEdits } from '../../shared/routing/decision.ts';
import { openEdited } from '../../shared/store/edited-message.ts';
import type { OpenedMessage } from '../../shared/store/mail-store.ts';
import { arrivalOf } from '../support/spooled-message.ts';

const EDITS: HeaderEdits = {
  remove: ['Return-Path'],
  rename: { 'Delivered-To': 'X-Original-Delivered-To' },
  add: ['Received: by us', 'X-Mailferry-Id: 1'],
};
const NONE: HeaderEdits = { remove: [], rename: {}, add: [] };

async function opened(chunks: readonly Buffer[]): Promise<OpenedMessage> {
  return {
    area: 'Incoming',
    metadata: await arrivalOf(Buffer.concat(chunks)),
    content: Readable.from(chunks.filter(({ length }) => length > 0)),
  };
}

/** Some octets as they may come off a disk: cut anywhere. */
const pieces = fc
  .tuple(
    fc.array(
      fc.constantFrom(
        'Return-Path: <ann@nwtraders.example>\r\n',
        'Delivered-To: chris@corp.example\r\n',
        'Subject: gr\xfc\xdfe\r\n',
        '\tfolded\r\n',
        '\r\n',
        '\n',
        '\r',
        'body\r\n.\r\n',
      ),
      { maxLength: 12 },
    ),
    fc.array(fc.nat(300), { maxLength: 6 }),
  )
  .map(([lines, cuts]) => {
    const octets = Buffer.from(lines.join(''), 'latin1');
    const edges = [0, ...cuts.filter((at) => at < octets.length), octets.length];
    edges.sort((a, b) => a - b);
    return edges.slice(1).map((edge, at) => octets.subarray(edges[at], edge));
  });

describe('openEdited', () => {
  it('edits the header and lets the body through octet for octet', async () => {
    const message = Buffer.from(
      'Return-Path: <a@b>\r\nDelivered-To: c@d\r\nSubject: x\r\n\r\nReturn-Path: body\r\n\xff',
      'latin1',
    );
    const edited = await openEdited(await opened([message]), EDITS);
    const got = await buffer(edited.content());
    expect(got.toString('latin1')).toBe(
      'Received: by us\r\nX-Mailferry-Id: 1\r\n' +
        'X-Original-Delivered-To: c@d\r\nSubject: x\r\n\r\nReturn-Path: body\r\n\xff',
    );
    expect(edited.size).toBe(got.length);
  });

  it('gives exactly as many octets as it says, however the message is cut', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.constantFrom(EDITS, NONE), async (chunks, edits) => {
        const octets = Buffer.concat(chunks);
        const edited = await openEdited(await opened(chunks), edits);
        const got = await buffer(edited.content());
        const split = splitHeader(octets, true) ?? expect.fail('expected a whole message');
        const body = octets.subarray(split.bodyStart);
        expect(got).toEqual(Buffer.concat([applyEdits(split.header, edits), body]));
        expect(edited.size).toBe(got.length);
      }),
    );
  });

  it('passes a message through as it is when there is nothing to edit', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, async (chunks) => {
        const edited = await openEdited(await opened(chunks), NONE);
        expect(await buffer(edited.content())).toEqual(Buffer.concat(chunks));
      }),
    );
  });

  it('reads the header and no more before it is asked for the content', async () => {
    let read = 0;
    const part = Buffer.from('a: b\r\n\r\nbody');
    const content = new Readable({
      highWaterMark: 1,
      read() {
        read += 1;
        this.push(read === 1 ? part : read < 1000 ? Buffer.alloc(1024) : null);
      },
    });
    const metadata = { ...(await arrivalOf(part)), size: part.length + 998 * 1024 };
    const edited = await openEdited({ area: 'Incoming', metadata, content }, NONE);
    expect(read).toBeLessThan(5);
    expect(await buffer(edited.content())).toHaveLength(edited.size);
  });

  it('fails for good when the header block does not end in time', async () => {
    const long = Buffer.from(`a: ${'x'.repeat(200)}\r\n`.repeat(10));
    const opening = openEdited(await opened([long]), EDITS, 1000);
    await expect(opening).rejects.toMatchObject({ kind: 'store', permanence: 'permanent' });
    await expect(openEdited(await opened([long]), EDITS, long.length)).resolves.toBeDefined();
  });

  it('lets a failure of the store through: in the header at once, in the body to the reader', async () => {
    const metadata = await arrivalOf(Buffer.from('x'));
    const fails = (first: string): OpenedMessage => ({
      area: 'Incoming',
      metadata,
      content: Readable.from(
        (function* () {
          yield Buffer.from(first);
          throw new Error('disk gone');
        })(),
      ),
    });
    await expect(openEdited(fails('a: b\r\n'), NONE)).rejects.toThrow('disk gone');
    const edited = await openEdited(fails('a: b\r\n\r\nbody'), NONE);
    await expect(buffer(edited.content())).rejects.toThrow('disk gone');
  });
});
