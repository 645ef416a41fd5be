import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { HeaderSplit } from '../../shared/mail/header-block.ts';
import { splitHeader } from '../../shared/mail/header-block.ts';
import type { SpooledMessage } from '../../shared/store/spool.ts';
import { createSpool } from '../../shared/store/spool-writer.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}

async function spooled(chunks: readonly Buffer[], memoryLimit?: number): Promise<SpooledMessage> {
  const spool = createSpool(folder, memoryLimit);
  for (const chunk of chunks) await spool.write(chunk);
  return spool.end();
}

function cutAt(octets: Buffer, cuts: readonly number[]): Buffer[] {
  const inside = cuts.filter((each) => each < octets.length).sort((a, b) => a - b);
  const edges = [0, ...inside, octets.length];
  return edges.slice(1).map((edge, index) => octets.subarray(edges[index], edge));
}

function whole(octets: Buffer): HeaderSplit {
  const split = splitHeader(octets, true);
  if (split === null) throw new Error('a whole message always splits');
  return split;
}

function digestsOf(message: SpooledMessage): unknown {
  const { size, sha256: all, headerDigest, bodyDigest, eightBit } = message;
  return { size, sha256: all, headerDigest, bodyDigest, eightBit };
}

const message = fc
  .array(fc.constantFrom('\r\n', '\n', '\r', '\r\n\r\n', 'Subject: x', '\xe9', 'body'), {
    maxLength: 14,
  })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

describe('a spool', () => {
  it('gives octets and digests of the whole, for any split, in memory and in a file', async () => {
    const cuts = fc.array(fc.nat({ max: 80 }), { maxLength: 8 });
    const limits = fc.constantFrom(0, 10, 1000);
    await fc.assert(
      fc.asyncProperty(message, cuts, limits, async (octets, offsets, limit) => {
        const result = await spooled(cutAt(octets, offsets), limit);
        const { header, bodyStart } = whole(octets);
        expect(digestsOf(result)).toEqual({
          size: octets.length,
          sha256: sha256(octets),
          headerDigest: sha256(header),
          bodyDigest: sha256(octets.subarray(bodyStart)),
          eightBit: octets.some((octet) => octet > 127),
        });
        expect(result.file === null).toBe(octets.length <= limit);
        expect((await buffer(result.content())).equals(octets)).toBe(true);
        if (result.chunks !== null) expect(Buffer.concat(result.chunks).equals(octets)).toBe(true);
        await result.discard();
      }),
      { numRuns: 150 },
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['CRLF', 'A: 1\r\n\r\nbody\r\n\r\nmore', 'A: 1\r\n\r\n'],
    ['LF', 'A: 1\n\nbody', 'A: 1\n\n'],
    ['an empty line at once', '\r\nbody', '\r\n'],
    ['no empty line', 'A: 1\r\nB: 2\r\n', 'A: 1\r\nB: 2\r\n'],
    ['nothing at all', '', ''],
  ])('ends the header block at the first empty line: %s', async (_, text, header) => {
    const result = await spooled([Buffer.from(text)]);
    expect(result.headerDigest).toBe(sha256(Buffer.from(header)));
    expect(result.bodyDigest).toBe(sha256(Buffer.from(text.slice(header.length))));
  });

  it('puts a large message into one file that nobody else can read, and asks for time meanwhile', async () => {
    const spool = createSpool(folder, 3_000_000);
    const chunk = Buffer.alloc(64 * 1024, 'line of mail\r\n');
    let waits = 0;
    for (let written = 0; written < 100; written += 1) {
      const wait = spool.write(chunk);
      if (wait !== undefined) waits += 1;
      await wait;
    }
    const result = await spool.end();
    const [name = ''] = readdirSync(folder);
    expect(result.file).toBe(join(folder, name));
    expect(result.chunks).toBeNull();
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    const expected = Buffer.concat(Array.from({ length: 100 }, () => chunk));
    expect(readFileSync(join(folder, name)).equals(expected)).toBe(true);
    // Some writes, each of many chunks.
    expect(waits).toBeGreaterThan(1);
    expect(waits).toBeLessThan(10);
    await result.discard();
    await result.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('asks for no time while it keeps to memory', () => {
    const spool = createSpool(folder);
    expect(spool.write(Buffer.alloc(1000))).toBeUndefined();
  });

  it('holds little more memory than octets, though it gets small pieces of large chunks', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const pieces = Array.from({ length: 3000 }, (_, at) => chunk.subarray(at, at + 30));
    const { chunks, size } = await spooled(pieces);
    const held = new Set((chunks ?? []).map((each) => each.buffer));
    const octetsHeld = [...held].reduce((total, each) => total + each.byteLength, 0);
    expect(held.has(chunk.buffer)).toBe(false);
    expect(octetsHeld).toBeLessThan(2 * size);
  });

  it('keeps its own copy, since the chunk is lent', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const spool = createSpool(folder);
    await spool.write(chunk);
    chunk.fill('y');
    const { chunks } = await spool.end();
    expect(Buffer.concat(chunks ?? []).equals(Buffer.alloc(64 * 1024, 'x'))).toBe(true);
  });

  it('gives the memory of a message back at discard, though somebody holds it', async () => {
    const result = await spooled([Buffer.from('mail')]);
    const held = result.chunks ?? [];
    expect(held[0]?.toString()).toBe('mail');
    await result.discard();
    expect(result.chunks).toEqual([]);
    expect(held[0]?.byteLength).toBe(0);
    await result.discard();
  });

  it('keeps nothing of a message that broke off', async () => {
    const spool = createSpool(folder, 10);
    await spool.write(Buffer.alloc(100));
    expect(readdirSync(folder)).toHaveLength(1);
    await spool.abort();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps nothing though the file is still being made when it breaks off', async () => {
    const spool = createSpool(folder, 10);
    const writing = spool.write(Buffer.alloc(100));
    await spool.abort();
    await writing;
    expect(readdirSync(folder)).toEqual([]);
  });

  it('fails as temporary where no file can be written', async () => {
    const spool = createSpool(join(folder, 'gone'), 10);
    const failure = { kind: 'store', permanence: 'temporary' };
    await expect(spool.write(Buffer.alloc(100))).rejects.toMatchObject(failure);
    await expect(spool.end()).rejects.toMatchObject(failure);
    await spool.abort();
  });

  it('never writes into a file that is there already', async () => {
    const taken = join(folder, 'taken.spool');
    writeFileSync(taken, 'precious');
    const spool = createSpool(folder, 10, () => 'taken');
    await expect(spool.write(Buffer.alloc(100))).rejects.toMatchObject({ kind: 'store' });
    expect(readFileSync(taken, 'utf8')).toBe('precious');
  });
});
