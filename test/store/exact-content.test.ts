import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { exactContent } from '../../shared/store/exact-content.ts';
import { collected } from '../support/collected.ts';

const streamOf = (chunks: readonly Buffer[]): Readable =>
  Readable.from(chunks, { objectMode: false });

describe('exact content', () => {
  it('is what the source gives, however it is cut', async () => {
    const chunk = fc
      .uint8Array({ minLength: 1, maxLength: 200_000 })
      .map((one) => Buffer.from(one));
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 6 }), async (chunks) => {
        const whole = Buffer.concat(chunks);
        const content = exactContent(streamOf(chunks), whole.length, 'reading');
        expect(whole.equals(await buffer(content))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['fewer', [Buffer.from('abc')], 'reading x: expected 4 octets, after 3 the stream ended'],
    ['more', [Buffer.from('abc'), Buffer.from('de')], 'reading x: expected 4 octets, after 5 more'],
    ['none', [], 'reading x: expected 4 octets, after 0 the stream ended'],
  ])('is an error when %s octets come', async (_, chunks, message) => {
    const reading = buffer(exactContent(streamOf(chunks), 4, 'reading x'));
    await expect(reading).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
    await expect(reading).rejects.toThrow(message);
  });

  it('tells why the source failed, and keeps it as the cause', async () => {
    const source = new PassThrough();
    const reading = buffer(exactContent(source, 4, 'reading x'));
    const cause = new Error('read ECONNRESET');
    source.write('ab');
    source.destroy(cause);
    await expect(reading).rejects.toMatchObject({ message: /ECONNRESET$/, cause });
  });

  it('is an error when the source is closed without one', async () => {
    const source = new PassThrough();
    const reading = buffer(exactContent(source, 4, 'reading x'));
    source.destroy();
    await expect(reading).rejects.toThrow('after 0 the stream was closed');
  });

  it('tells a reader who comes later', async () => {
    const source = new PassThrough();
    const content = exactContent(source, 4, 'reading x');
    source.destroy(new Error('read ECONNRESET'));
    await expect.poll(() => content.destroyed).toBe(true);
    await expect(collected(content)).rejects.toThrow('ECONNRESET');
  });

  it('lets the source go with its reader', () => {
    const source = new PassThrough();
    exactContent(source, 4, 'reading x').destroy();
    expect(source.destroyed).toBe(true);
  });

  it('asks for no more than its reader takes', async () => {
    let made = 0;
    const source = new Readable({
      read() {
        made += 1;
        this.push(made > 1000 ? null : Buffer.alloc(64 * 1024));
      },
    });
    const content = exactContent(source, 1000 * 64 * 1024, 'reading x');
    for await (const chunk of content) {
      expect(chunk).toHaveLength(64 * 1024);
      break;
    }
    expect(made).toBeLessThan(10);
  });
});
