import { SSMClient } from '@aws-sdk/client-ssm';

import type { Clock } from '../../../shared/clock.ts';
import { Failure } from '../../../shared/failure.ts';
import type { AdjustableLog } from '../../../shared/observe/pino-log.ts';
import { formatProblem } from '../../../shared/settings/problem.ts';
import type {
  Secrets,
  Settings,
  SettingsMemory,
  SettingsSource,
} from '../../../shared/settings/settings.ts';
import { ssmSecrets } from '../../../shared/settings/ssm-secrets.ts';
import { ssmSettings } from '../../../shared/settings/ssm-source.ts';
import { readEnvironment } from './config.ts';
import { SHORT_REQUEST } from './request-times.ts';

/** Name of the secret that signs our marker field; the first `config push` makes it. */
const LOOP_SECRET = { kind: 'named', name: 'mailferry-loop' } as const;
const LOOP_KEY = /^[0-9a-f]{64}$/i;

export interface StageSettings {
  readonly settings: SettingsSource;
  readonly secrets: Secrets;
}

export function stageSettings(options: {
  readonly memory: SettingsMemory;
  readonly clock: Clock;
  readonly log: AdjustableLog;
}): StageSettings {
  const { memory, clock, log } = options;
  const { stage } = readEnvironment('stage');
  const client = new SSMClient({ requestHandler: SHORT_REQUEST });
  const settings = ssmSettings({ client, stage, memory, clock });
  return {
    settings: new ReportedSettings(settings, log),
    secrets: ssmSecrets({ client, stage, clock }),
  };
}

/** @throws Failure `secret`, permanent, when it is not what `config push` makes */
export async function readLoopKey(secrets: Secrets): Promise<Buffer> {
  const text = (await secrets.read(LOOP_SECRET)).trim();
  if (LOOP_KEY.test(text)) return Buffer.from(text, 'hex');
  throw new Failure(
    'secret',
    'permanent',
    `expected 64 hex digits in the secret ${LOOP_SECRET.name}, got ${text.length} characters of something else`,
  );
}

/** Takes up `logLevel`, and says once in the life of a function what is wrong with the configuration. */
export class ReportedSettings implements SettingsSource {
  readonly #source: SettingsSource;
  readonly #log: AdjustableLog;
  #last: Settings | null = null;
  #reported = '';

  constructor(source: SettingsSource, log: AdjustableLog) {
    this.#source = source;
    this.#log = log;
  }

  async read(): Promise<Settings> {
    const settings = await this.#source.read();
    if (settings === this.#last) return settings;
    this.#last = settings;
    this.#log.setLevel(settings.general.logLevel);
    const words = settings.problems.map(formatProblem).join('\n');
    if (words === this.#reported) return settings;
    this.#reported = words;
    for (const problem of settings.problems) {
      const level = problem.severity === 'error' ? 'error' : 'warn';
      this.#log[level]('configuration', { problem: formatProblem(problem) });
    }
    return settings;
  }
}
