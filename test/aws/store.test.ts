import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import { s3MailStore } from '../../shared/store/s3-mail-store.ts';
import { mailStoreContract } from '../contract/mail-store.ts';
import { asPromised } from '../support/as-promised.ts';
import { collected } from '../support/collected.ts';
import { failureReportFor } from '../support/failure-reports.ts';
import type { Meddling, MeddlingProxy } from '../support/meddling-proxy.ts';
import { startMeddlingProxy } from '../support/meddling-proxy.ts';
import type { MiniStack } from '../support/ministack.ts';
import { startMiniStack } from '../support/ministack.ts';
import { arrivalOf, keyOf, spooledMessage } from '../support/spooled-message.ts';

/*
 * What MiniStack 1.4.21 does otherwise than S3, so that nothing here proves it:
 * - no rights: S3 answers 403 AccessDenied to GET and HEAD of a missing key unless the caller has s3:ListBucket;
 * - writes are one after the other, so 409 ConditionalRequestConflict never comes by itself;
 * - nothing is throttled, and nothing takes longer for being large;
 * - ChecksumSHA256 is compared only beside ChecksumAlgorithm (S3 compares it always); signatures never are;
 * - it joins an upload piece by piece: 20 MB take seconds, 100 MB a minute, with any client.
 */

const OCTETS = Buffer.from('From: ann@nwtraders.example\r\n\r\nbody\r\n');
const KEY = keyOf('sales', OCTETS);
const NAME = `Incoming/${formatKey(KEY)}.eml`;
const REPORT = failureReportFor(KEY);
const LARGE = Buffer.alloc(3_000_000, 'A line of mail that is long enough.\r\n');
const LARGE_KEY = keyOf('sales', LARGE);

let ministack: MiniStack;
beforeAll(async () => {
  ministack = await startMiniStack();
});
afterAll(async () => {
  await ministack.stop();
});

function clientOf(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    // It would print each upload that fails on purpose.
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  });
}

function silent(): void {
  // Failures are thrown, and looked at where they are.
}

/** Versioned, as the stack's own bucket. */
async function createBucket(client: S3Client): Promise<string> {
  const Bucket = `mail-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  return Bucket;
}

async function readReport(client: S3Client, Bucket: string, key: MessageKey): Promise<unknown> {
  const Key = `Failed/${formatKey(key)}.json`;
  const got = await client.send(new GetObjectCommand({ Bucket, Key })).catch(() => null);
  return got === null ? null : (JSON.parse((await got.Body?.transformToString()) ?? '') as unknown);
}

mailStoreContract('the S3 mail store', async () => {
  const client = clientOf(ministack.endpoint);
  const bucket = await createBucket(client);
  return {
    store: s3MailStore({ client, bucket }),
    report: (key) => readReport(client, bucket, key),
    dropCopy: async (key) => {
      const Key = `Failed/${formatKey(key)}.eml`;
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    },
    close: asPromised(() => {
      client.destroy();
    }),
  };
});

describe('the S3 mail store', () => {
  let proxy: MeddlingProxy;
  let client: S3Client;
  let bucket: string;
  let store: MailStore;
  let scratch: string;
  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'mailferry-s3-'));
    proxy = await startMeddlingProxy(ministack.endpoint);
    client = clientOf(proxy.endpoint);
    bucket = await createBucket(client);
    store = s3MailStore({ client, bucket, random: () => 0 });
    proxy.seen.length = 0;
  });
  afterEach(async () => {
    client.destroy();
    await proxy.close();
    rmSync(scratch, { recursive: true });
  });

  const create = async (octets = OCTETS, mailbox = 'sales') =>
    store.create(keyOf(mailbox, octets), await spooledMessage(octets), await arrivalOf(octets));
  const fromFile = (octets: Buffer) => spooledMessage(octets, { folder: scratch, memoryLimit: 1 });
  const put = (Key: string, Body: Buffer | string) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  const methods = () => proxy.seen.map(({ method }) => method);

  it('names, marks and describes an object so that a person can read it', async () => {
    const metadata = await arrivalOf(OCTETS, { recipient: 'b\u00fcro@corp.example' });
    await store.create(KEY, await spooledMessage(OCTETS), metadata);
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: NAME }));
    expect(head.ContentType).toBe('message/rfc822');
    expect(head.Metadata).toEqual({
      'uidl-hash': metadata.uidlHash,
      'body-digest': metadata.bodyDigest,
      'eight-bit': 'no',
      'arrived-at': '2026-03-01T00:00:00.000Z',
      recipient: 'b%C3%BCro@corp.example',
    });
    expect((await store.open(KEY, 0))?.metadata).toEqual(metadata);
  });

  it('costs one PUT and two GET in the normal case, and one DELETE, which is free', async () => {
    await create(LARGE);
    const header = await store.open(LARGE_KEY, 65_536);
    await buffer(header?.content ?? Readable.from([]));
    const whole = await store.open(LARGE_KEY);
    await buffer(whole?.content ?? Readable.from([]));
    await store.remove('Incoming', LARGE_KEY);
    expect(methods()).toEqual(['PUT', 'GET', 'GET', 'DELETE']);
    expect(proxy.seen.filter(({ path }) => path.includes('list-type'))).toEqual([]);
  });

  it.each([
    ['from memory', () => spooledMessage(OCTETS)],
    ['from a file', () => fromFile(OCTETS)],
  ])('lets S3 refuse octets that are not those of the key, %s', async (_, spooled) => {
    const other = keyOf('sales', Buffer.from('other'));
    const creating = store.create(other, await spooled(), await arrivalOf(OCTETS));
    await expect(creating).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
    await expect(creating).rejects.toThrow(/S3 PutObject .*: expected success, got 400/);
    expect(await store.open(other)).toBeNull();
  });

  it('measures what somebody put there by hand', async () => {
    const octets = Buffer.from('a: b\r\n\r\n\xfc\r\n', 'latin1');
    for (const one of [octets, Buffer.alloc(0)]) {
      const key = keyOf('sales', one);
      await put(`Incoming/${formatKey(key)}.eml`, one);
      const opened = await store.open(key, 3);
      const arrivedAt = opened?.metadata.arrivedAt ?? 0;
      expect(opened?.metadata).toEqual(await arrivalOf(one, { uidlHash: null, arrivedAt }));
      expect(Math.abs(arrivedAt - Date.now())).toBeLessThan(600_000);
      expect(await buffer(opened?.content ?? Readable.from([]))).toEqual(one.subarray(0, 3));
    }
  });

  it('lists beyond one page, and no stranger', async () => {
    const page = 1000;
    const names = Array.from({ length: page + 5 }, (_, at) => keyOf('box', Buffer.from(`${at}`)));
    for (let from = 0; from < names.length; from += 50) {
      const some = names.slice(from, from + 50);
      await Promise.all(some.map((key) => put(`Incoming/${formatKey(key)}.eml`, 'x')));
    }
    for (const stranger of [
      'Incoming/',
      'Incoming/box/short.eml',
      `Incoming/${formatKey(KEY)}.json`,
      `Incoming/not a box/${KEY.sha256}.eml`,
      `Incoming/box/deeper/${KEY.sha256}.eml`,
      `Incoming2/${formatKey(KEY)}.eml`,
    ]) {
      await put(stranger, 'x');
    }
    proxy.seen.length = 0;
    const listed = await collected(store.list('Incoming'));
    expect(listed.map(({ key }) => formatKey(key)).sort()).toEqual(names.map(formatKey).sort());
    expect(methods()).toEqual(['GET', 'GET']);
  });

  it('refuses what no single PutObject can carry, without asking S3', async () => {
    const message = { ...(await spooledMessage(OCTETS)), size: 6 * 1024 ** 3 };
    const creating = store.create(KEY, message, await arrivalOf(OCTETS));
    await expect(creating).rejects.toMatchObject({ kind: 'store', permanence: 'permanent' });
    expect(methods()).toEqual([]);
  });

  it('parks beside a report that somebody edited', async () => {
    await create();
    await put(`Failed/${formatKey(KEY)}.json`, 'not JSON any more');
    await store.park(KEY, REPORT);
    expect(await readReport(client, bucket, KEY)).toEqual(REPORT);
  });

  describe('when the network or S3 fails', () => {
    const times = (count: number, meddling: Meddling, method = 'PUT') => {
      let left = count;
      proxy.meddle = (request) => {
        if (request.method !== method || left === 0) return null;
        left -= 1;
        return meddling;
      };
    };

    it.each([
      ['memory', () => spooledMessage(LARGE)],
      ['a file', () => fromFile(LARGE)],
    ])('repeats a conflicting or throttled upload from %s', async (_, spooled) => {
      for (const refusal of [CONFLICT, SLOW_DOWN]) {
        times(2, refusal);
        const created = await store.create(LARGE_KEY, await spooled(), await arrivalOf(LARGE));
        expect(created).toBe('created');
        const opened = await store.open(LARGE_KEY);
        expect(LARGE.equals(await buffer(opened?.content ?? Readable.from([])))).toBe(true);
        await store.remove('Incoming', LARGE_KEY);
      }
    });

    it.each([
      ['memory', () => spooledMessage(OCTETS)],
      ['a file', () => fromFile(OCTETS)],
    ])('gives up on an upload from %s that conflicts again and again', async (_, spooled) => {
      times(Infinity, CONFLICT);
      const creating = store.create(KEY, await spooled(), await arrivalOf(OCTETS));
      await expect(creating).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
      await expect(creating).rejects.toThrow('got 409 ConditionalRequestConflict');
      expect(methods().length).toBe(5);
    });

    it('knows its own object when the answer to the upload was lost', async () => {
      times(1, { kind: 'lose-answer' });
      expect(await create()).toBe('exists');
      const opened = await store.open(KEY);
      expect(await buffer(opened?.content ?? Readable.from([]))).toEqual(OCTETS);
    });

    it.each([
      ['breaks off', () => brokenOff(new Error('disk failed'))],
      ['is too short', () => Readable.from([OCTETS.subarray(1)])],
      ['is too long', () => Readable.from([OCTETS.subarray(9), OCTETS])],
    ])('writes nothing when the spooled message %s', async (_, content) => {
      const message = { ...(await spooledMessage(OCTETS)), chunks: null, content };
      const creating = store.create(KEY, message, await arrivalOf(OCTETS));
      await expect(creating).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
      await expect(creating).rejects.toThrow(`expected ${OCTETS.length} octets, after`);
      expect(await store.open(KEY)).toBeNull();
    });

    it('never lets a message end short', async () => {
      await create(LARGE);
      times(1, { kind: 'cut', after: 1_000_000 }, 'GET');
      const opened = await store.open(LARGE_KEY);
      const reading = buffer(opened?.content ?? Readable.from([]));
      await expect(reading).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
      await expect(reading).rejects.toThrow(/expected 3000000 octets, after \d+ /);
    });

    it('notices octets that changed on the way', async () => {
      await create();
      const answer = (body: string) => body.replace('body', 'BODY');
      times(1, { kind: 'rewrite', request: (body) => body, answer }, 'GET');
      const opened = await store.open(KEY);
      const reading = buffer(opened?.content ?? Readable.from([]));
      await expect(reading).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
      await expect(reading).rejects.toThrow('Checksum mismatch');
    });

    it('tells a late reader what broke off before', async () => {
      await create(LARGE);
      times(1, { kind: 'cut', after: 10 }, 'GET');
      const opened = await store.open(LARGE_KEY);
      opened?.content.read();
      await expect.poll(() => opened?.content.destroyed).toBe(true);
      await expect(collected(opened?.content ?? Readable.from([]))).rejects.toThrow(
        'expected 3000000',
      );
    });

    it('writes no report without a confirmed copy', async () => {
      await create();
      for (const answer of [
        SLOW_DOWN,
        { kind: 'answer', status: 200, body: '<CopyObjectResult/>' },
      ] as const) {
        times(Infinity, answer);
        const parking = store.park(KEY, REPORT);
        await expect(parking).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
        expect(await readReport(client, bucket, KEY)).toBeNull();
      }
    });

    it('does not take a failing S3 for a missing message', async () => {
      await create();
      times(Infinity, SLOW_DOWN, 'GET');
      await expect(store.open(KEY)).rejects.toMatchObject({ permanence: 'temporary' });
      times(Infinity, { kind: 'answer', status: 503, body: '' }, 'HEAD');
      const missing = keyOf('sales', Buffer.from('never'));
      await expect(store.park(missing, REPORT)).rejects.toMatchObject({ permanence: 'temporary' });
    });

    const each: readonly (readonly [string, (store: MailStore) => Promise<unknown>])[] = [
      [
        'PutObject',
        async (used) => used.create(KEY, await spooledMessage(OCTETS), await arrivalOf(OCTETS)),
      ],
      ['GetObject', (used) => used.open(KEY)],
      ['GetObject', (used) => used.open(KEY, 0)],
      ['CopyObject', (used) => used.park(KEY, REPORT)],
      ['DeleteObject', (used) => used.remove('Incoming', KEY)],
      ['ListObjectsV2', (used) => collected(used.list('Incoming'))],
    ];

    it.each(each)('says of %s which bucket is not there', async (action, use) => {
      const failing = use(s3MailStore({ client, bucket: 'missing-bucket' }));
      await expect(failing).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
      await expect(failing).rejects.toThrow(
        new RegExp(`S3 ${action} missing-bucket/Incoming.*404 NoSuchBucket.*no such bucket`),
      );
    });

    it.each(each)('says of %s that it was denied, and where', async (action, use) => {
      proxy.meddle = () => DENIED;
      const failing = use(store);
      await expect(failing).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
      await expect(failing).rejects.toThrow(
        new RegExp(`S3 ${action} ${bucket}/Incoming.*403 AccessDenied.*the role or the bucket`),
      );
    });

    it('says that nobody answered', async () => {
      await proxy.close();
      await expect(store.open(KEY)).rejects.toThrow(/S3 GetObject .* got ECONNREFUSED/);
    });
  });
});

const CONFLICT = refusal(409, 'ConditionalRequestConflict', 'A conflicting operation occurred.');
const SLOW_DOWN = refusal(503, 'SlowDown', 'Please reduce your request rate.');
const DENIED = refusal(403, 'AccessDenied', 'Access Denied');

function refusal(status: number, code: string, message: string): Meddling {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { kind: 'answer', status, body };
}

function brokenOff(error: Error): Readable {
  const chunks = [OCTETS.subarray(0, 10)];
  return new Readable({
    read() {
      const chunk = chunks.shift();
      if (chunk !== undefined) this.push(chunk);
      else this.destroy(error);
    },
  });
}
