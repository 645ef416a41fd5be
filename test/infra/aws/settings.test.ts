import { describe, expect, test } from 'vitest';

import { readLoopKey, ReportedSettings } from '../../../infra/aws/runtime/settings.ts';
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

function scene(answers: readonly Settings[]) {
  const errors: unknown[] = [];
  const levels: LogLevel[] = [];
  const log = {
    ...silentLog,
    error: (_: string, fields: unknown) => errors.push(fields),
    setLevel: (level: LogLevel) => levels.push(level),
  };
  const left = [...answers];
  const source = { read: () => Promise.resolve(left.shift() ?? SOUND) };
  return { settings: new ReportedSettings(source, log), errors, levels };
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
