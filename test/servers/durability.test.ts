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
  /** Of a program that writes one message after the other. */
  let inTurn: readonly SystemCall[] = [];

  beforeAll(async () => {
    calls = await traceOwner(folder, 6);
    inTurn = await traceOwner(join(scratch.path, 'in-turn'), 1);
  });

  const traceOwner = async (data: string, lanes: number): Promise<readonly SystemCall[]> => {
    const trace = `${data}.trace`;
    const options = ['-f', '-y', '-qq', '-s', '160', '-e', `trace=${TRACED}`, '-o', trace];
    const program = [process.execPath, OWNER, data, '1', `${MESSAGES}`, `${lanes}`];
    // A standard input that stays open: the program ends itself when that closes.
    const tracing = spawn(strace, [...options, ...program], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const [status] = (await once(tracing, 'exit')) as [number | null];
    expect(status).toBe(0);
    return readTrace(readFileSync(trace, 'latin1'));
  };

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

  it('holds for the ledger and the queue: nothing in the log waits for a sync', () => {
    const kinds = ['item', 'lease', 'uidl', 'duplicate', 'job'];
    const acknowledged = kinds.flatMap(acknowledgements).sort((a, b) => a.at - b.at);
    for (const { name, at } of acknowledged) expectLogSynced(calls, folder, at, name);
  });

  it('holds for the metadata of a message, before it gets its name', () => {
    const data = join(scratch.path, 'in-turn');
    const names = inTurn.filter(
      ({ name, text }) => name.startsWith('link') && /"[^"]*"[^"]*"[^"]*\/Incoming\//.test(text),
    );
    expect(names).toHaveLength(MESSAGES);
    for (const { text, begun } of names) expectLogSynced(inTurn, data, begun, text);
  });

  const expectLogSynced = (
    traced: readonly SystemCall[],
    data: string,
    at: number,
    what: string,
  ): void => {
    const log = `<${join(data, 'mailferry.sqlite-wal')}>`;
    const onLog = traced.filter(({ text, ended }) => text.includes(log) && ended < at);
    const lastWrite = onLog.filter(({ name }) => name === 'pwrite64').at(-1);
    const lastSync = onLog.filter(isSync).at(-1);
    expect(lastWrite, what).toBeDefined();
    expect(lastSync?.begun, what).toBeGreaterThan(lastWrite?.ended ?? Infinity);
  };
});
