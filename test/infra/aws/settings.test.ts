import { describe, expect, test } from 'vitest';

import { readLoopKey } from '../../../infra/aws/runtime/loop-key.ts';
import { ReportedSettings } from '../../../infra/aws/runtime/settings.ts';
import type { LogLevel } from '../../../shared/observe/log.ts';
import { silentLog } from '../../../shared/observe/pino-log.ts';
import type { Problem, Settings } from '../../../shared/settings/settings.ts';
import { sampleSettings } from '../../support/sample-settings.ts';

const SOUND = sampleSettings({ pop3: 110, smtp: 25 });
const PROBLEM: Problem = {
  path: 'mailboxes.sales.port',
  expected: 'a port',
  got: '"many"',
  severity: 'error',
};

function scene(answers: readonly Settings[], readKey: (() => Promise<Buffer>) | null = null) {
  const errors: unknown[] = [];
  const warnings: unknown[] = [];
  const keys: Buffer[] = [];
  const levels: LogLevel[] = [];
  const log = {
    ...silentLog,
    error: (_: string, fields: unknown) => errors.push(fields),
    warn: (event: string) => warnings.push(event),
    setLevel: (level: LogLevel) => levels.push(level),
    setAddressKey: (key: Buffer) => keys.push(key),
    invokedBy: () => undefined,
  };
  const left = [...answers];
  const source = { read: () => Promise.resolve(left.shift() ?? SOUND) };
  const settings = new ReportedSettings(source, log, readKey);
  return { settings, errors, levels, warnings, keys };
}

describe('settings of a function', () => {
  test('set the level of its log', async () => {
    const { settings, levels } = scene([
      { ...SOUND, general: { ...SOUND.general, logLevel: 'debug' } },
    ]);
    await settings.read();
    expect(levels).toEqual(['debug']);
  });

  test('say what is wrong with them once, and again when it was mended and broken anew', async () => {
    const broken = () => ({ ...SOUND, problems: [PROBLEM] });
    const { settings, errors } = scene([broken(), broken(), SOUND, broken()]);
    await settings.read();
    await settings.read();
    expect(errors).toHaveLength(1);
    expect(JSON.stringify(errors)).toContain('mailboxes.sales.port');
    await settings.read();
    await settings.read();
    expect(errors).toHaveLength(2);
  });
});

describe('the key for addresses in the log', () => {
  const fresh = () => ({ ...SOUND });

  test('is read once', async () => {
    const { settings, keys } = scene([fresh(), fresh()], () => Promise.resolve(Buffer.from('k')));
    await settings.read();
    await settings.read();
    expect(keys).toEqual([Buffer.from('k')]);
  });

  test('that cannot be read holds nothing up, is told, and tried again with the next settings', async () => {
    const answers = [Promise.reject(new Error('denied')), Promise.resolve(Buffer.from('k'))];
    const { settings, keys, warnings } = scene(
      [fresh(), fresh()],
      () => answers.shift() ?? Promise.reject(new Error('asked too often')),
    );
    await settings.read();
    expect(keys).toEqual([]);
    expect(warnings).toContain('addresses are logged by their domain alone');
    await settings.read();
    expect(keys).toEqual([Buffer.from('k')]);
  });
});

describe('the loop key', () => {
  const secrets = (value: string) => ({ read: () => Promise.resolve(value) });

  test('is 64 hex digits', async () => {
    const key = await readLoopKey(secrets(`${'0f'.repeat(32)}\n`));
    expect(key).toEqual(Buffer.alloc(32, 0x0f));
  });

  test('is refused as anything else, without being shown', async () => {
    const refusal = readLoopKey(secrets('hunter2'));
    await expect(refusal).rejects.toThrow('expected 64 hex digits in the secret mailferry-loop');
    await expect(refusal).rejects.not.toThrow('hunter2');
  });
});
