import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ownDataFolder } from '../../../infra/local/data-folder.ts';
import { openEmbedded } from '../../../infra/local/embedded.ts';
import type { Embedded } from '../../../infra/local/embedded.ts';
import { formatKey, parseKey } from '../../../shared/mail/message-key.ts';
import type { MessageKey } from '../../../shared/mail/message-key.ts';
import { silentLog } from '../../../shared/observe/pino-log.ts';
import { chosenSeed } from '../../support/chosen-seed.ts';
import { makeScratchFolder } from '../../support/scratch-folder.ts';
import type { ScratchFolder } from '../../support/scratch-folder.ts';
import { seededRandom, wholeBetween } from '../../support/seeded-random.ts';
import { sha256Of } from '../../support/spooled-message.ts';

const OWNER = fileURLToPath(new URL('../../support/acknowledging-owner.ts', import.meta.url));
const KILLS = 5;
const HOUR = 3_600_000;
const ACCOUNT = { mailbox: 'sales', host: 'pop.provider.example', username: 'sales' };

/** What was acknowledged, by kind, over all owners of a folder. */
type Acknowledged = Map<string, string[]>;

interface Owner {
  /** Resolves when so many lines came. */
  acknowledges(count: number): Promise<void>;
  /** SIGKILL; resolves when the process is gone and its last line was read. */
  kill(): Promise<void>;
}

function startOwner(folder: string, series: number, acknowledged: Acknowledged): Owner {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(
    process.execPath,
    [OWNER, folder, `${series}`],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const complaints = buffer(child.stderr);
  const lines = createInterface({ input: child.stdout });
  let count = 0;
  const waiters: { count: number; resolve: () => void }[] = [];
  lines.on('line', (line) => {
    const [what = '', which = ''] = line.split(' ');
    acknowledged.set(what, [...(acknowledged.get(what) ?? []), which]);
    count += 1;
    for (const waiter of waiters) if (count >= waiter.count) waiter.resolve();
  });
  const ended = Promise.all([once(lines, 'close'), once(child, 'exit')]);
  const endedEarly = ended.then(async () => {
    throw new Error(`expected the owner to live, got its end: ${(await complaints).toString()}`);
  });
  endedEarly.catch(() => undefined);
  return {
    acknowledges: (wanted) =>
      Promise.race([
        endedEarly,
        new Promise<void>((resolve) => {
          waiters.push({ count: wanted, resolve });
          if (count >= wanted) resolve();
        }),
      ]),
    async kill() {
      child.kill('SIGKILL');
      await ended;
      expect(child.signalCode).toBe('SIGKILL');
    },
  };
}

function open(folder: string): Promise<Embedded> {
  return openEmbedded({
    folder,
    settingsFrom: () => ({ read: () => Promise.reject(new Error('there are no settings here')) }),
    secrets: { read: () => Promise.reject(new Error('there are no secrets here')) },
    log: silentLog,
  });
}

let scratch: ScratchFolder;
let folder = '';

beforeEach(() => {
  scratch = makeScratchFolder('killed-owner');
  folder = join(scratch.path, 'data');
});

afterEach(() => {
  scratch.remove();
});

describe('an owner that is killed', () => {
  it('leaves all that it acknowledged, whole, and holds nothing any more', async () => {
    const seed = chosenSeed();
    const random = seededRandom(seed);
    const acknowledged: Acknowledged = new Map();
    for (let round = 1; round <= KILLS; round += 1) {
      const owner = startOwner(folder, round, acknowledged);
      await owner.acknowledges(wholeBetween(random, 1, 120));
      await pause(random() * 10);
      await owner.kill();
      const where = `kill ${round}, MAILFERRY_TEST_SEED=${seed}`;
      expect(namesIn('spool').length, where).toBeGreaterThan(0);
      expectWholeFiles(where);
      const embedded = await open(folder);
      try {
        expect(namesIn('spool'), where).toEqual([]);
        await expectAll(embedded, acknowledged, where);
      } finally {
        await embedded.close();
      }
    }
    expect(acknowledged.get('parked')?.length).toBeGreaterThan(0);
  });

  it('keeps others out while it lives, and nobody out when it is dead', async () => {
    const owner = startOwner(folder, 1, new Map());
    await owner.acknowledges(1);
    const refused = { kind: 'store', permanence: 'temporary' };
    await expect(ownDataFolder(folder)).rejects.toMatchObject(refused);
    await expect(open(folder)).rejects.toThrow(/only owner, but another mailferry has it/);
    // Nobody emptied its spool meanwhile.
    expect(namesIn('spool').length).toBeGreaterThan(0);
    await owner.acknowledges(20);
    await owner.kill();
    const embedded = await open(folder);
    await embedded.close();
  });
});

function namesIn(name: string): string[] {
  return readdirSync(join(folder, name));
}

/** What has a name in an area is whole: its digest is its name. */
function expectWholeFiles(where: string): void {
  for (const area of ['Incoming', 'Failed']) {
    const files = readdirSync(folder).includes(area)
      ? readdirSync(join(folder, area), { recursive: true, encoding: 'utf8' })
      : [];
    for (const file of files.filter((one) => one.endsWith('.eml'))) {
      const octets = readFileSync(join(folder, area, file));
      expect(`${sha256Of(octets)}.eml`, where).toBe(basename(file));
    }
    for (const file of files.filter((one) => one.endsWith('.json'))) {
      const report = JSON.parse(readFileSync(join(folder, area, file), 'utf8')) as { key: string };
      expect(report.key, where).toBe(`sales/${basename(file, '.json')}`);
    }
  }
}

async function expectAll(embedded: Embedded, all: Acknowledged, where: string): Promise<void> {
  await expectMail(embedded, all, where);
  await expectLedger(embedded, all, where);
  const { queues } = embedded;
  expect(await queues.deliver.depth(), where).toMatchObject({ inFlight: 0, delayed: 0 });
  const waiting = await queues.deliver.receive(100_000, HOUR);
  const jobs = new Set(waiting.map(({ job }) => formatKey(job)));
  expect(all.get('job')?.filter((name) => !jobs.has(name)) ?? [], where).toEqual([]);
}

async function expectMail({ deps }: Embedded, all: Acknowledged, where: string): Promise<void> {
  for (const key of keysOf(all.get('mail'))) {
    const opened = await deps.store.open(key);
    const octets = opened === null ? null : await buffer(opened.content);
    expect(octets === null ? 'missing' : sha256Of(octets), where).toBe(key.sha256);
    expect(opened?.metadata.uidlHash, where).not.toBeNull();
  }
  const parked = new Set<string>();
  for await (const { key } of deps.store.list('Failed')) parked.add(formatKey(key));
  expect(all.get('parked')?.filter((name) => !parked.has(name)) ?? [], where).toEqual([]);
}

async function expectLedger({ deps }: Embedded, all: Acknowledged, where: string): Promise<void> {
  const items = await deps.messages.find(keysOf(all.get('item')));
  expect(items.size, where).toBe(all.get('item')?.length ?? 0);
  for (const item of items.values()) expect(item, where).toMatchObject({ claim: null, starts: 0 });
  for (const mailbox of all.get('lease') ?? []) {
    const record = await deps.mailboxes.read(mailbox);
    expect(record, where).toMatchObject({ lease: null });
    expect(record?.lastStartedAt, where).not.toBeNull();
  }
  const uidls = all.get('uidl') ?? [];
  expect((await deps.uidls.find(ACCOUNT, uidls)).size, where).toBe(uidls.length);
  const owners = all.get('duplicate') ?? [];
  const claims = owners.map((duplicateKey) => ({
    mailbox: 'sales',
    recipient: 'a@corp.example',
    duplicateKey,
  }));
  const now = deps.clock.now();
  const times = { now, expiresAt: now + HOUR };
  expect(await deps.duplicates.claim(claims, 'somebody else', times), where).toEqual(owners);
}

function keysOf(names: readonly string[] | undefined): MessageKey[] {
  return (names ?? []).flatMap((name) => parseKey(name) ?? []);
}
