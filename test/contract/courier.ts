import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';

import type { Courier } from '../../shared/courier/courier.ts';
import { asOnTheWire, parcelOf } from '../support/parcels.ts';

/** A destination under the test's control, and the courier that delivers to it. */
export interface CourierUnderTest {
  readonly courier: Courier;
  /** What arrived, in order. */
  readonly arrived: () => readonly Arrival[];
  /** The destination refuses this recipient, for now or for good. */
  readonly refuse: (address: string, permanence: 'temporary' | 'permanent') => void;
  /** The destination stops answering connections. */
  readonly stop: () => Promise<void>;
  readonly release: () => Promise<void>;
}

export interface Arrival {
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  readonly data: Buffer;
}

const MESSAGE = Buffer.from('Subject: gr\xfc\xdfe\r\n\r\n.dot\r\nbody\r\n', 'latin1');

/** What every courier keeps, whatever it speaks. */
export function courierContract(name: string, make: () => Promise<CourierUnderTest>): void {
  describe(`${name} keeps the courier's contract`, () => {
    let used: CourierUnderTest | null = null;
    const start = async (): Promise<CourierUnderTest> => {
      used = await make();
      return used;
    };
    afterEach(async () => {
      await used?.courier.close();
      await used?.release();
      used = null;
    });

    it('hands over the octets and the envelope as they are', async () => {
      const { courier, arrived } = await start();
      const recipients = ['chris@corp.example', 'kelly@corp.example'];
      const { replies } = await courier.deliver(parcelOf(MESSAGE, { recipients }));
      expect(replies.map((reply) => reply.verdict)).toEqual(['sent', 'sent']);
      expect(arrived()).toHaveLength(1);
      expect(arrived()[0]).toMatchObject({ mailFrom: 'ann@nwtraders.example', recipients });
      expect(arrived()[0]?.data.equals(asOnTheWire(MESSAGE))).toBe(true);
    });

    it('answers for each recipient in the order of the envelope', async () => {
      const { courier, arrived, refuse } = await start();
      refuse('gone@corp.example', 'permanent');
      refuse('busy@corp.example', 'temporary');
      const recipients = ['gone@corp.example', 'chris@corp.example', 'busy@corp.example'];
      const { replies } = await courier.deliver(parcelOf(MESSAGE, { recipients }));
      expect(replies.map(({ address, verdict }) => [address, verdict])).toEqual([
        ['gone@corp.example', 'permanent'],
        ['chris@corp.example', 'sent'],
        ['busy@corp.example', 'temporary'],
      ]);
      expect(arrived().map((one) => one.recipients)).toEqual([['chris@corp.example']]);
    });

    it('carries the next message after one that was refused whole', async () => {
      const { courier, arrived, refuse } = await start();
      refuse('gone@corp.example', 'permanent');
      const refused = await courier.deliver(
        parcelOf(MESSAGE, { recipients: ['gone@corp.example'] }),
      );
      const sent = await courier.deliver(parcelOf(MESSAGE));
      expect([refused.replies[0]?.verdict, sent.replies[0]?.verdict]).toEqual([
        'permanent',
        'sent',
      ]);
      expect(arrived()).toHaveLength(1);
    });

    it('never mixes messages that are delivered at once', async () => {
      const { courier, arrived } = await start();
      const bodies = Array.from({ length: 12 }, (_, at) =>
        Buffer.from(`n: ${at}\r\n\r\n${at}\r\n`),
      );
      const handed = await Promise.all(bodies.map((body) => courier.deliver(parcelOf(body))));
      expect(handed.flatMap((one) => one.replies.map((reply) => reply.verdict))).toEqual(
        bodies.map(() => 'sent'),
      );
      const got = arrived().map((one) => one.data.toString());
      expect(got.sort()).toEqual(bodies.map((body) => body.toString()).sort());
    });

    it.each([
      ['fails', () => failing(new Error('disk gone'))],
      ['is destroyed without an error', () => failing(undefined)],
      ['ends early', () => Readable.from([MESSAGE.subarray(0, 8)])],
      ['gives more than it said', () => Readable.from([MESSAGE, Buffer.from('more\r\n')])],
    ])('sends nothing, and keeps the mail waiting, when the content %s', async (_, content) => {
      const { courier, arrived } = await start();
      const { replies } = await courier.deliver(parcelOf(MESSAGE, { content }));
      expect(replies).toMatchObject([{ verdict: 'temporary', code: null }]);
      expect(replies[0]?.text).toContain('the store broke off');
      expect(arrived()).toEqual([]);
    });

    it('replies, and does not throw, when the content can not be opened', async () => {
      const { courier, arrived } = await start();
      const content = (): Readable => {
        throw new Error('no such object');
      };
      const { replies } = await courier.deliver(parcelOf(MESSAGE, { content }));
      expect(replies).toMatchObject([{ verdict: 'temporary' }]);
      expect(arrived()).toEqual([]);
    });

    it('does not ask for the content of a refused envelope', async () => {
      const { courier, refuse } = await start();
      refuse('gone@corp.example', 'permanent');
      let opened = 0;
      const content = (): Readable => {
        opened += 1;
        return Readable.from([MESSAGE]);
      };
      const recipients = ['gone@corp.example'];
      await courier.deliver(parcelOf(MESSAGE, { recipients, content }));
      expect(opened).toBe(0);
    });

    it('keeps mail waiting when nobody answers', async () => {
      const { courier, stop } = await start();
      await stop();
      const { replies, transcript } = await courier.deliver(parcelOf(MESSAGE));
      expect(replies).toMatchObject([
        { address: 'chris@corp.example', verdict: 'temporary', code: null },
      ]);
      expect(transcript.length).toBeGreaterThan(0);
    });

    it('shows no content in the transcript', async () => {
      const { courier } = await start();
      const { transcript } = await courier.deliver(
        parcelOf('Subject: hush\r\n\r\nsecret body\r\n'),
      );
      expect(transcript.join('\n')).not.toMatch(/hush|secret body/);
    });
  });
}

/** Gives some octets, then ends in the middle. */
function failing(error: Error | undefined): Readable {
  const chunks = [MESSAGE.subarray(0, 8)];
  return new Readable({
    read() {
      const chunk = chunks.shift();
      if (chunk) this.push(chunk);
      else this.destroy(error);
    },
  });
}
