import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeScratchFolder } from '../support/scratch-folder.ts';
import { requireProgram } from '../support/system-packages.ts';
import { readTrace } from './system-calls.ts';
import type { SystemCall } from './system-calls.ts';

const OWNER = fileURLToPath(new URL('../support/acknowledging-owner.ts', import.meta.url));
const MESSAGES = 24;
const TRACED = 'fsync,fdatasync,link,linkat,rename,renameat,renameat2,write,pwrite64';

const strace = requireProgram('strace', 'strace');

/**
 * Power loss cannot be had in a test, but what the kernel was told can: each acknowledgement (a line on standard
 * output) comes after the syncs of all that it stands for. A `kill -9` alone would not show one that is missing,
 * since the kernel keeps what it was given.
 */
describe('what is acknowledged was synced before', () => {
  const scratch = makeScratchFolder('durability');
  const folder = join(scratch.path, 'data');
  let calls: readonly SystemCall[] = [];

  beforeAll(async () => {
    const trace = join(scratch.path, 'trace');
    const options = ['-f', '-y', '-qq', '-s', '160', '-e', `trace=${TRACED}`, '-o', trace];
    const program = [process.execPath, OWNER, folder, '1', `${MESSAGES}`];
    // A standard input that stays open: the program ends itself when that closes.
    const tracing = spawn(strace, [...options, ...program], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const [status] = (await once(tracing, 'exit')) as [number | null];
    expect(status).toBe(0);
    calls = readTrace(readFileSync(trace, 'latin1'));
  });

  afterAll(() => {
    scratch.remove();
  });

  const acknowledgements = (kind: string): { name: string; at: number }[] =>
    calls.flatMap(({ name, text, begun }) => {
      const said = name === 'write' ? new RegExp(`^1<.*"${kind} (\\S+)\\\\n"`).exec(text) : null;
      return said === null ? [] : [{ name: said[1] ?? '', at: begun }];
    });
  const isSync = ({ name }: SystemCall): boolean => name === 'fsync' || name === 'fdatasync';
  const syncsOf = (path: string): SystemCall[] =>
    calls.filter((call) => isSync(call) && call.text.endsWith(`<${path}>`));
  /** The call that gave a file its name, and where the file was before. */
  const namingOf = (path: string): SystemCall & { from: string } => {
    const call =
      calls.find(({ name, text }) => /^(link|rename)/.test(name) && text.includes(`"${path}"`)) ??
      expect.fail(`expected a call that names ${path}`);
    return { ...call, from: /"([^"]*)"/.exec(call.text)?.[1] ?? '' };
  };
  /** File synced, then named, then its folder synced, then acknowledged. */
  const expectDurable = (path: string, acknowledgedAt: number): void => {
    const naming = namingOf(path);
    expectNameDurable(path, acknowledgedAt);
    expect(syncsOf(naming.from).some(({ ended }) => ended < naming.begun)).toBe(true);
  };
  const expectNameDurable = (path: string, acknowledgedAt: number): void => {
    const naming = namingOf(path);
    const folderSyncs = syncsOf(join(path, '..'));
    expect(
      folderSyncs.some(({ begun, ended }) => begun > naming.ended && ended < acknowledgedAt),
    ).toBe(true);
  };

  it('sees every acknowledgement', () => {
    for (const kind of ['mail', 'item', 'lease', 'uidl', 'duplicate', 'job']) {
      expect(acknowledgements(kind), kind).toHaveLength(MESSAGES);
    }
    expect(acknowledgements('parked')).toHaveLength(MESSAGES / 2);
  });

  it('holds for mail: the file before its name, its folder after', () => {
    for (const { name, at } of acknowledgements('mail')) {
      expectDurable(join(folder, 'Incoming', `${name}.eml`), at);
    }
  });

  it('holds for the copy in Failed/ and its report', () => {
    for (const { name, at } of acknowledgements('parked')) {
      expectNameDurable(join(folder, 'Failed', `${name}.eml`), at);
      expectDurable(join(folder, 'Failed', `${name}.json`), at);
    }
  });

  it('holds for the names of the folders, before the first message', () => {
    const first = acknowledgements('mail')[0]?.at ?? 0;
    for (const path of [join(folder, '..'), folder, join(folder, 'Incoming')]) {
      expect(
        syncsOf(path).some(({ ended }) => ended < first),
        path,
      ).toBe(true);
    }
  });

  it('holds for the ledger, the queue and the metadata: nothing in the log waits for a sync', () => {
    const log = join(folder, 'mailferry.sqlite-wal');
    const writes = calls.filter(
      ({ name, text }) => name === 'pwrite64' && text.includes(`<${log}>`),
    );
    const syncs = syncsOf(log);
    const kinds = ['mail', 'item', 'lease', 'uidl', 'duplicate', 'job'];
    const acknowledged = kinds.flatMap(acknowledgements).sort((a, b) => a.at - b.at);
    expect(writes.length).toBeGreaterThan(MESSAGES);
    for (const { name, at } of acknowledged) {
      const lastWrite = writes.filter(({ ended }) => ended < at).at(-1);
      const lastSync = syncs.filter(({ ended }) => ended < at).at(-1);
      expect(lastSync?.begun, name).toBeGreaterThan(lastWrite?.ended ?? Infinity);
    }
  });
});
