import { describe, expect, test } from 'vitest';

import { CrashPlan } from '../../support/crash-plan.ts';
import { FetchWorld, sizedMessage } from '../../support/fetch-world.ts';
import type { FetchWorldOptions } from '../../support/fetch-world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const LIMITED = { limits: { messageBytes: 1000 } };

function put(world: FetchWorld, name: string, size: number): Buffer {
  const content = sizedMessage(name, size);
  world.provider.mails.push({ content, uidl: `uidl-${name}` });
  return content;
}

function worldWith(options: FetchWorldOptions = {}): FetchWorld {
  return new FetchWorld(options);
}

async function carry(world: FetchWorld, times = 1) {
  let outcome = await world.fetch();
  await world.deliver();
  for (let at = 1; at < times; at += 1) {
    world.clock.advance(5 * 60_000);
    outcome = await world.fetch();
    await world.deliver();
  }
  return outcome?.result;
}

async function stayingIn(world: FetchWorld): Promise<unknown> {
  return (await world.ledger.mailboxes.read('chris'))?.maildrop?.staying;
}

describe('a message above limits.messageBytes', () => {
  test.each(['none', 'forever'])('keep %s: stays, is reported once, and is shown', async (keep) => {
    const world = worldWith({ keep, ...LIMITED });
    const large = Buffer.concat([
      Buffer.from(
        'From: =?utf-8?Q?J=C3=B6rg?= <j@x.example>\r\nDate: Mon, 2 Nov 2026 09:00:00 +0000\r\n',
      ),
      sizedMessage('Plans', 4000),
    ]);
    world.provider.mails.push({ content: large, uidl: 'large' });
    const small = put(world, 'small', 500);
    expect(await carry(world, 5)).toMatchObject({ status: 'ok', left: 1 });
    expect(carriedOf(world, [large, small])).toEqual([0, 1]);
    const [notice = '', ...more] = await world.notices();
    expect(more).toEqual([]);
    expect(notice).toContain('Subject: Mailbox chris: a message too large, left at the provider');
    expect(decoded(notice)).toContain('From: Jörg <j@x.example>');
    expect(notice).toContain('Subject: Plans');
    expect(notice).toContain('Date: Mon, 2 Nov 2026 09:00:00 +0000');
    expect(notice).toContain(`Size: ${large.length} bytes`);
    expect(await stayingIn(world)).toMatchObject({ tooLarge: 1 });
    expect(world.provider.count('RETR')).toBe(1);
  });

  test('is fetched when the limit is raised, and told of again when it is lowered only if it is another', async () => {
    const world = worldWith({ keep: 'forever', ...LIMITED });
    const large = put(world, 'large', 4000);
    await carry(world);
    world.configure({ limits: { messageBytes: 5000 } });
    await carry(world);
    expect(world.deliveriesOf(large)).toBe(1);
    world.configure(LIMITED);
    await carry(world, 2);
    expect(await world.notices()).toHaveLength(1);
    expect(await stayingIn(world)).toMatchObject({ tooLarge: 0 });
  });

  test('is recognised under another UIDL', async () => {
    const world = worldWith({ keep: 'none', ...LIMITED });
    put(world, 'large', 4000);
    await carry(world);
    for (const mail of world.provider.mails) mail.uidl = 'another';
    await carry(world, 3);
    expect(await world.notices()).toHaveLength(1);
  });

  test('without UIDL it is told from others by its header block', async () => {
    const world = worldWith({ keep: 'none', ...LIMITED });
    world.provider.faults = { noUidl: true };
    put(world, 'large', 4000);
    put(world, 'other', 4000);
    await carry(world, 4);
    expect(await world.notices()).toHaveLength(2);
    expect(await stayingIn(world)).toMatchObject({ tooLarge: 2 });
    world.clock.advance(90 * DAY);
    await world.ledger.forget(world.clock.now(), 30 * DAY);
    await carry(world, 2);
    expect(await world.notices()).toHaveLength(2);
    world.configure({ limits: { messageBytes: 5000 } });
    await carry(world);
    expect(world.provider.mails).toEqual([]);
    expect([...world.delivered.values()]).toEqual([1, 1]);
  });

  test('without UIDL or TOP it is reported by its size', async () => {
    const world = worldWith({ keep: 'none', ...LIMITED });
    world.provider.faults = { noUidl: true, noTop: true };
    put(world, 'large', 4000);
    expect(await carry(world, 4)).toMatchObject({ status: 'ok', left: 1 });
    const [notice = '', ...more] = await world.notices();
    expect(more).toEqual([]);
    expect(notice).toContain('Subject: (not known)');
  });

  test('many of them share a notice', async () => {
    const world = worldWith({ keep: 'none', ...LIMITED });
    for (let at = 0; at < 150; at += 1) put(world, `large-${at}`, 2000 + at);
    await carry(world, 2);
    const notices = await world.notices();
    expect(notices).toHaveLength(2);
    expect(notices.join('')).toContain('Subject: large-149');
  });

  test('the program dies at any call: told once, in the same words', async () => {
    const build = () => {
      const world = worldWith({ keep: 'none', ...LIMITED });
      put(world, 'large', 4000);
      return world;
    };
    const clean = new CrashPlan(Infinity, 'before');
    await build().fetch(clean);
    for (let at = 1; at <= clean.calls.length; at += 1) {
      for (const when of ['before', 'after'] as const) {
        const world = build();
        await world.fetch(new CrashPlan(at, when));
        world.clock.advance(60_000);
        await carry(world, 2);
        expect(await world.notices(), `${when} ${at} ${String(clean.calls[at - 1])}`).toHaveLength(
          1,
        );
      }
    }
  });
});

describe('a message that the server does not give', () => {
  test.each(['none', 'forever'])(
    'keep %s: after three tries it is left, reported once, and tried at growing intervals',
    async (keep) => {
      const world = worldWith({ keep });
      const bad = put(world, 'bad', 500);
      world.provider.faults = { refused: new Set([bad]) };
      expect(await carry(world, 2)).toMatchObject({ status: 'ok', left: 1 });
      expect(await world.notices()).toEqual([]);
      await carry(world);
      expect(world.provider.count('RETR')).toBe(3);
      const [notice = '', ...more] = await world.notices();
      expect(more).toEqual([]);
      expect(notice).toContain('a message that the provider does not give');
      expect(await stayingIn(world)).toMatchObject({ unretrievable: 1 });
      // 1, 2, 4, 8, 24 hours and so on: six more tries in three days.
      for (let hour = 0; hour < 72; hour += 1) {
        world.clock.advance(HOUR);
        await carry(world);
      }
      expect(world.provider.count('RETR')).toBe(9);
      expect(await world.notices()).toHaveLength(1);
      world.provider.faults = {};
      world.clock.advance(DAY);
      await carry(world);
      expect(world.deliveriesOf(bad)).toBe(1);
      expect(await stayingIn(world)).toMatchObject({ unretrievable: 0 });
    },
  );

  test.each([{}, { noUidl: true }])(
    'ends the session every time: those behind it come through, and it is left (%j)',
    async (faults) => {
      const world = worldWith({ keep: 'none' });
      const before = put(world, 'before', 300);
      const bad = put(world, 'bad', 500);
      const behind = [1, 2, 3].map((at) => put(world, `behind-${at}`, 300 + at));
      world.provider.faults = { ...faults, killers: new Set([bad]) };
      expect(await carry(world)).toMatchObject({ status: 'failed', fetched: 1 });
      await carry(world, 3);
      expect(carriedOf(world, [before, ...behind])).toEqual([1, 1, 1, 1]);
      expect(world.provider.mails.map(({ content }) => content)).toEqual([bad]);
      expect(await world.notices()).toHaveLength(1);
      const later = put(world, 'later', 400);
      world.clock.advance(2 * HOUR);
      await carry(world);
      expect(world.deliveriesOf(later)).toBe(1);
      expect(world.provider.mails.map(({ content }) => content)).toEqual([bad]);
    },
  );

  test('where no second login is taken in a run, new mail is still deleted', async () => {
    const world = worldWith({ keep: 'none' });
    const bad = put(world, 'bad', 500);
    world.provider.faults = { killers: new Set([bad]), loginDelayMs: 60_000 };
    await carry(world);
    for (let at = 0; at < 4; at += 1) {
      put(world, `new-${at}`, 600 + at);
      world.clock.advance(5 * 60_000);
      const sessions = world.provider.sessions;
      expect(await carry(world)).toMatchObject({ status: 'ok', fetched: 1 });
      expect(world.provider.sessions).toBe(sessions + 1);
      expect(world.provider.mails).toHaveLength(1);
    }
    world.clock.advance(5 * 60_000);
    await carry(world);
    expect(world.provider.count('RETR 1')).toBeGreaterThan(1);
  });

  test('a provider whose disk fails: all are left, and told of in one notice', async () => {
    const world = worldWith({ keep: 'none' });
    const mails = Array.from({ length: 40 }, (_, at) => put(world, `m${at}`, 300 + at));
    world.provider.faults = { refused: new Set(mails) };
    await carry(world, 5);
    expect(await world.notices()).toHaveLength(1);
    world.provider.faults = {};
    world.clock.advance(DAY);
    await carry(world);
    expect(world.provider.mails).toEqual([]);
    expect([...world.delivered.values()]).toEqual(mails.map(() => 1));
  });
});

function carriedOf(world: FetchWorld, mails: readonly Buffer[]): number[] {
  return mails.map((mail) => world.deliveriesOf(mail));
}

/** The text of a notice: quoted-printable. */
function decoded(notice: string): string {
  const octets = notice
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(octets, 'latin1').toString('utf8');
}
