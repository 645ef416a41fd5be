import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Area, MailStore } from '../../shared/store/mail-store.ts';
import { collected } from '../support/collected.ts';
import { failureReportFor } from '../support/failure-reports.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { arrivalOf, keyOf, spooledMessage } from '../support/spooled-message.ts';

export interface MailStoreUnderTest {
  readonly store: MailStore;
  /** The report beside a parked message, as it lies there; null where there is none. The port only writes it. */
  readonly report: (key: MessageKey) => Promise<unknown>;
  /** Takes the copy in `Failed/` away and leaves its report, as somebody may by hand. */
  readonly dropCopy: (key: MessageKey) => Promise<void>;
  readonly close: () => Promise<void>;
}

const MESSAGES: readonly (readonly [string, Buffer])[] = [
  ['an ordinary one', Buffer.from('From: ann@nwtraders.example\r\n\r\nbody\r\n')],
  ['one without any octet', Buffer.alloc(0)],
  ['one of every octet', Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256))],
  ['one that is no UTF-8', Buffer.from('Subject: gr\xfc\xdfe\r\n\r\n\xff\xfe\r\n', 'latin1')],
  ['one with bare line ends', Buffer.from('a: 1\nb: 2\r\r\n\n.\r\n..\nno end')],
];

const LARGE_OCTETS = 20 * 1024 * 1024;

/** What every mail store keeps. */
export function mailStoreContract(name: string, make: () => Promise<MailStoreUnderTest>): void {
  describe(`${name} keeps the mail store's contract`, () => {
    let used: MailStoreUnderTest;
    let store: MailStore;
    let scratch = '';
    beforeEach(async () => {
      scratch = await mkdtemp(join(tmpdir(), 'mailferry-contract-'));
      used = await make();
      store = used.store;
    });
    afterEach(async () => {
      await used.close();
      await rm(scratch, { recursive: true });
    });

    const put = async (octets: Buffer, mailbox = 'sales'): Promise<MessageKey> => {
      const key = keyOf(mailbox, octets);
      await store.create(key, await spooledMessage(octets), await arrivalOf(octets));
      return key;
    };
    const keysIn = async (area: Area): Promise<string[]> => {
      const listed = await collected(store.list(area));
      return listed.map(({ key }) => formatKey(key)).sort();
    };

    describe('create and open', () => {
      it.each(MESSAGES)('gives back %s octet for octet', async (_, octets) => {
        const key = keyOf('sales', octets);
        const metadata = await arrivalOf(octets);
        expect(await store.create(key, await spooledMessage(octets), metadata)).toBe('created');
        const opened = await store.open(key);
        expect(opened).toMatchObject({ area: 'Incoming', metadata });
        expectOctets(await contentOf(opened), octets);
      });

      it('takes a message from memory, from a file and from a stream alone', async () => {
        for (const [at, how] of (['memory', 'file', 'stream'] as const).entries()) {
          const octets = Buffer.from(`n: ${at}\r\n\r\n${'x'.repeat(100_000)}\r\n`);
          const memoryLimit = how === 'file' ? 1000 : Infinity;
          const spooled = await spooledMessage(octets, { folder: scratch, memoryLimit });
          const content = () => Readable.from([octets], { objectMode: false });
          const message = how === 'stream' ? { ...spooled, chunks: null, content } : spooled;
          const key = keyOf('sales', octets);
          await store.create(key, message, await arrivalOf(octets));
          await spooled.discard();
          expectOctets(await contentOf(await store.open(key)), octets);
        }
      });

      it('carries 20 MB from a file', async () => {
        const octets = manyOctets(LARGE_OCTETS);
        const key = keyOf('sales', octets);
        const message = await spooledMessage(octets, { folder: scratch, memoryLimit: 1024 });
        expect(message.file).not.toBeNull();
        await store.create(key, message, await arrivalOf(octets));
        await message.discard();
        expectOctets(await contentOf(await store.open(key)), octets);
      });

      it.each([
        ['without UIDL', { uidlHash: null }],
        ['of a notice', { recipient: 'office@corp.example', uidlHash: null }],
        ['at the epoch', { arrivedAt: 0 }],
      ])('gives back the metadata of a message %s', async (_, known) => {
        const octets = Buffer.from('a: b\r\n\r\nc\r\n');
        const key = keyOf('_notices', octets);
        const metadata = await arrivalOf(octets, known);
        await store.create(key, await spooledMessage(octets), metadata);
        const opened = await store.open(key, 0);
        opened?.content.destroy();
        expect(opened?.metadata).toEqual(metadata);
      });

      it('refuses a key that is there and leaves what is there as it is', async () => {
        const octets = Buffer.from('a: b\r\n\r\nc\r\n');
        const key = keyOf('sales', octets);
        const first = await arrivalOf(octets, { arrivedAt: 1000 });
        const second = await arrivalOf(octets, { arrivedAt: 2000, uidlHash: null });
        expect(await store.create(key, await spooledMessage(octets), first)).toBe('created');
        expect(await store.create(key, await spooledMessage(octets), second)).toBe('exists');
        const opened = await store.open(key);
        expect(opened?.metadata).toEqual(first);
        expectOctets(await contentOf(opened), octets);
      });

      it('lets one of eight that write at once create it', async () => {
        const octets = manyOctets(100_000);
        const key = keyOf('sales', octets);
        const metadata = await arrivalOf(octets);
        const message = await spooledMessage(octets);
        const answers = await Promise.all(
          Array.from({ length: 8 }, () => store.create(key, message, metadata)),
        );
        expect(answers.filter((one) => one === 'created')).toHaveLength(1);
        expect(answers.filter((one) => one === 'exists')).toHaveLength(7);
        expectOctets(await contentOf(await store.open(key)), octets);
        expect(await keysIn('Incoming')).toEqual([formatKey(key)]);
      });

      it('keeps the same octets of two mailboxes apart', async () => {
        const octets = Buffer.from('a: b\r\n\r\nc\r\n');
        const sales = await put(octets, 'sales');
        expect(await store.open(keyOf('office', octets))).toBeNull();
        await put(octets, 'office');
        await store.remove('Incoming', sales);
        expectOctets(await contentOf(await store.open(keyOf('office', octets))), octets);
      });

      it.each([0, 1, 7, 99_999, 100_000, 100_001, 5_000_000])(
        'reads the first %d octets, or what there is',
        async (length) => {
          const octets = manyOctets(100_000);
          const opened = await store.open(await put(octets), length);
          expect(opened?.metadata.size).toBe(100_000);
          expectOctets(await contentOf(opened), octets.subarray(0, length));
        },
      );

      it('knows nothing of a key that was never written', async () => {
        expect(await store.open(keyOf('sales', Buffer.from('never')))).toBeNull();
        expect(await store.open(keyOf('sales', Buffer.from('never')), 10)).toBeNull();
      });

      it('can be read again after a reader that went away in the middle', async () => {
        const octets = manyOctets(2_000_000);
        const key = await put(octets);
        const left = await store.open(key);
        for await (const chunk of left?.content ?? []) {
          expect(chunk).not.toHaveLength(0);
          break;
        }
        expect(left?.content.destroyed).toBe(true);
        expectOctets(await contentOf(await store.open(key)), octets);
      });
    });

    describe('find', () => {
      it('tells where a message lies: the same area that would be opened', async () => {
        const octets = manyOctets(1000);
        const key = await put(octets);
        const areaOf = async (one: MessageKey) => (await store.find(one))?.area ?? null;
        expect(await areaOf(key)).toBe('Incoming');
        await store.park(key, failureReportFor(key, 'refused'));
        expect(await areaOf(key)).toBe('Incoming');
        await store.remove('Incoming', key);
        expect(await areaOf(key)).toBe('Failed');
        await store.remove('Failed', key);
        expect(await areaOf(key)).toBeNull();
        expect(await areaOf(keyOf('nobody', octets))).toBeNull();
      });
    });

    describe('park', () => {
      it('copies with the report, and leaves Incoming/ alone', async () => {
        const octets = manyOctets(50_000);
        const key = await put(octets);
        await store.park(key, failureReportFor(key, 'refused'));
        expect(await keysIn('Failed')).toEqual([formatKey(key)]);
        expect(await used.report(key)).toEqual(failureReportFor(key, 'refused'));
        const opened = await store.open(key);
        expect(opened?.area).toBe('Incoming');
        expectOctets(await contentOf(opened), octets);
      });

      it('is what open falls back to, metadata and all', async () => {
        const octets = manyOctets(50_000);
        const key = keyOf('sales', octets);
        const metadata = await arrivalOf(octets, { recipient: 'office@corp.example' });
        await store.create(key, await spooledMessage(octets), metadata);
        await store.park(key, failureReportFor(key, 'refused'));
        await store.remove('Incoming', key);
        const opened = await store.open(key);
        expect(opened).toMatchObject({ area: 'Failed', metadata });
        expectOctets(await contentOf(opened), octets);
        expectOctets(await contentOf(await store.open(key, 10)), octets.subarray(0, 10));
      });

      it('replaces the report and keeps the octets when it is repeated, with and without Incoming/', async () => {
        const octets = manyOctets(50_000);
        const key = await put(octets);
        await store.park(key, failureReportFor(key, 'refused'));
        await store.park(key, failureReportFor(key, 'expired'));
        expect(await used.report(key)).toEqual(failureReportFor(key, 'expired'));
        await store.remove('Incoming', key);
        await store.park(key, failureReportFor(key, 'internal'));
        expect(await used.report(key)).toEqual(failureReportFor(key, 'internal'));
        expectOctets(await contentOf(await store.open(key)), octets);
      });

      it('keeps the older transcript where the new report has none', async () => {
        const key = await put(manyOctets(1000));
        const transcript = ['RCPT TO:<chris@corp.example>', '550 5.1.1 unknown'];
        await store.park(key, { ...failureReportFor(key, 'refused'), transcript });
        await store.park(key, failureReportFor(key, 'expired'));
        expect(await used.report(key)).toEqual({ ...failureReportFor(key, 'expired'), transcript });
        const newer = ['421 4.3.2 going down'];
        await store.park(key, { ...failureReportFor(key, 'refused'), transcript: newer });
        expect(await used.report(key)).toMatchObject({ transcript: newer });
      });

      it('gives the report back as it was written, and nothing where there is none', async () => {
        const key = await put(manyOctets(1000));
        expect(await store.report(key)).toBeNull();
        const report = { ...failureReportFor(key), transcript: ['S: 550 5.1.1 gr\u00fc\u00dfe'] };
        await store.park(key, report);
        expect(await store.report(key)).toEqual(report);
        await store.remove('Failed', key);
        expect(await store.report(key)).toBeNull();
      });

      it('may run several times at once', async () => {
        const octets = manyOctets(50_000);
        const key = await put(octets);
        await Promise.all(
          ['refused', 'expired', 'internal'].map((why) =>
            store.park(key, failureReportFor(key, why)),
          ),
        );
        await store.remove('Incoming', key);
        expectOctets(await contentOf(await store.open(key)), octets);
        expect(await used.report(key)).toMatchObject({ key: formatKey(key) });
      });

      it('fails for good when the message lies in neither area, and writes nothing', async () => {
        const key = keyOf('sales', Buffer.from('never'));
        await expect(store.park(key, failureReportFor(key, 'refused'))).rejects.toMatchObject({
          kind: 'store',
          permanence: 'permanent',
        });
        expect(await used.report(key)).toBeNull();
        expect(await keysIn('Failed')).toEqual([]);
      });
    });

    describe('remove', () => {
      it('takes one area and leaves the other', async () => {
        const octets = manyOctets(1000);
        const key = await put(octets);
        await store.park(key, failureReportFor(key, 'refused'));
        await store.remove('Failed', key);
        expect(await used.report(key)).toBeNull();
        expect(await keysIn('Failed')).toEqual([]);
        expectOctets(await contentOf(await store.open(key)), octets);
        await store.remove('Incoming', key);
        expect(await store.open(key)).toBeNull();
      });

      it('is no error where there is nothing, and when it is repeated', async () => {
        const never = keyOf('nobody', Buffer.from('never'));
        await store.remove('Incoming', never);
        await store.remove('Failed', never);
        const key = await put(manyOctets(1000));
        await Promise.all([store.remove('Incoming', key), store.remove('Incoming', key)]);
        await store.remove('Incoming', key);
        expect(await keysIn('Incoming')).toEqual([]);
      });

      it('lets the key be created again, as a new arrival', async () => {
        const octets = manyOctets(1000);
        const key = await put(octets);
        await store.remove('Incoming', key);
        const again = await arrivalOf(octets, { arrivedAt: 5, uidlHash: null });
        expect(await store.create(key, await spooledMessage(octets), again)).toBe('created');
        const opened = await store.open(key);
        expect(opened?.metadata).toEqual(again);
        expectOctets(await contentOf(opened), octets);
      });

      it('never takes the metadata of a message that is created at the same time', async () => {
        const octets = Buffer.from('a: b\r\n\r\nnotice\r\n');
        const key = keyOf('_notices', octets);
        const metadata = await arrivalOf(octets, { recipient: 'office@corp.example' });
        const create = async () => store.create(key, await spooledMessage(octets), metadata);
        await create();
        for (let round = 0; round < 25; round += 1) {
          const creating = create();
          for (let turn = 0; turn < round; turn += 1) await setImmediate();
          await Promise.all([store.remove('Incoming', key), creating]);
          await create();
          const opened = await store.open(key, 0);
          opened?.content.destroy();
          expect(opened?.metadata).toEqual(metadata);
        }
      });
    });

    describe('list', () => {
      it('shows all of one area, with the time it was stored', async () => {
        expect(await keysIn('Incoming')).toEqual([]);
        const octets = Array.from({ length: 30 }, (_, at) => Buffer.from(`n: ${at}\r\n\r\n`));
        const before = Date.now();
        const keys = await Promise.all(octets.map((one, at) => put(one, `box-${at % 3}`)));
        const parked = keys[0] ?? expect.fail('expected thirty keys');
        await store.park(parked, failureReportFor(parked, 'refused'));
        expect(await keysIn('Incoming')).toEqual(keys.map(formatKey).sort());
        expect(await keysIn('Failed')).toEqual([formatKey(parked)]);
        const slackMs = 60_000; // The store's clock need not be ours, and S3 counts in seconds.
        for await (const { storedAt } of store.list('Incoming')) {
          expect(storedAt).toBeGreaterThan(before - slackMs);
          expect(storedAt).toBeLessThan(Date.now() + slackMs);
        }
      });

      it('shows every report of Failed/, also one whose copy is gone, and nothing else', async () => {
        expect(await collected(store.listReports())).toEqual([]);
        const before = Date.now();
        const [one, other] = [await put(manyOctets(10)), await put(manyOctets(20), 'box')];
        await put(manyOctets(30));
        await store.park(one, failureReportFor(one));
        await store.park(other, failureReportFor(other));
        await store.remove('Incoming', one);
        await store.remove('Failed', other);
        const listed = await collected(store.listReports());
        expect(listed.map(({ key }) => formatKey(key))).toEqual([formatKey(one)]);
        expect(listed[0]?.storedAt).toBeGreaterThan(before - 60_000);
        await used.dropCopy(one);
        expect(await collected(store.list('Failed'))).toEqual([]);
        expect(await collected(store.listReports())).toHaveLength(1);
        await store.remove('Failed', one);
        expect(await collected(store.listReports())).toEqual([]);
      });

      it('shows all that stays while others come and go', async () => {
        const octets = Array.from({ length: 40 }, (_, at) => Buffer.from(`n: ${at}\r\n\r\n`));
        const keys = await Promise.all(octets.map((one, at) => put(one, `box-${at % 4}`)));
        const going = keys.filter((_, at) => at % 2 === 0);
        const staying = keys.filter((_, at) => at % 2 === 1).map(formatKey);
        const seen: string[] = [];
        for await (const { key } of store.list('Incoming')) {
          seen.push(formatKey(key));
          const gone = going.pop();
          if (gone !== undefined) await store.remove('Incoming', gone);
          await put(Buffer.from(`new: ${seen.length}\r\n\r\n`), `box-${seen.length % 5}`);
          if (seen.length > 500) break;
        }
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen).toEqual(expect.arrayContaining(staying));
      });
    });
  });
}

async function contentOf(opened: { readonly content: Readable } | null): Promise<Buffer | null> {
  return opened === null ? null : buffer(opened.content);
}

/** Not `toEqual`, which takes seconds for megabytes. */
function expectOctets(got: Buffer | null, expected: Buffer): void {
  expect(got?.length).toBe(expected.length);
  expect(got?.equals(expected)).toBe(true);
}

/** The same at every call, and of no pattern that a block written twice or left out would keep. */
function manyOctets(octets: number): Buffer {
  const random = seededRandom(octets);
  const content = Buffer.alloc(octets);
  for (let at = 0; at + 4 <= octets; at += 4) content.writeUInt32LE(random() * 2 ** 32, at);
  content.write('Subject: many\r\n\r\n', 'latin1');
  return content;
}
