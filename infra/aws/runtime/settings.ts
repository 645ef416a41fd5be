import { SSMClient } from '@aws-sdk/client-ssm';

import type { Clock } from '../../../shared/clock.ts';
import { asFailure } from '../../../shared/failure.ts';
import { formatProblem } from '../../../shared/settings/problem.ts';
import type {
  Secrets,
  Settings,
  SettingsMemory,
  SettingsSource,
} from '../../../shared/settings/settings.ts';
import type { SsmStage } from '../../../shared/settings/ssm-parameters.ts';
import { ssmSecrets } from '../../../shared/settings/ssm-secrets.ts';
import { ssmSettings } from '../../../shared/settings/ssm-source.ts';
import { readEnvironment } from './config.ts';
import type { FunctionLog } from './function-log.ts';
import { readLoopKey } from './loop-key.ts';
import { SHORT_REQUEST } from './request-times.ts';

export interface StageSettings {
  readonly settings: SettingsSource;
  readonly secrets: Secrets;
  /** Where the parameters lie. */
  readonly place: SsmStage;
}

export function stageSettings(options: {
  readonly memory: SettingsMemory;
  readonly clock: Clock;
  readonly log: FunctionLog;
  /** Whether this function may read the loop marker's key: addresses in its log are then told apart under it. */
  readonly addressKey?: boolean;
}): StageSettings {
  const { memory, clock, log, addressKey = false } = options;
  const { stage } = readEnvironment('stage');
  const client = new SSMClient({ requestHandler: SHORT_REQUEST });
  const place = { client, stage };
  const settings = ssmSettings({ ...place, memory, clock });
  const secrets = ssmSecrets({ ...place, clock });
  const key = addressKey ? () => readLoopKey(secrets) : null;
  return { settings: new ReportedSettings(settings, log, key), secrets, place };
}

/** Takes up `logLevel`, and says once in the life of a function what is wrong with the configuration. */
export class ReportedSettings implements SettingsSource {
  readonly #source: SettingsSource;
  readonly #log: FunctionLog;
  #readKey: (() => Promise<Buffer>) | null;
  #last: Settings | null = null;
  #reported = '';

  /** @param readKey null: the function logs no address but by its domain */
  constructor(
    source: SettingsSource,
    log: FunctionLog,
    readKey: (() => Promise<Buffer>) | null = null,
  ) {
    this.#source = source;
    this.#log = log;
    this.#readKey = readKey;
  }

  async read(): Promise<Settings> {
    const settings = await this.#source.read();
    if (settings === this.#last) return settings;
    this.#last = settings;
    this.#log.setLevel(settings.general.logLevel);
    await this.#takeKey();
    const words = settings.problems.map(formatProblem).join('\n');
    if (words === this.#reported) return settings;
    this.#reported = words;
    for (const problem of settings.problems) {
      const level = problem.severity === 'error' ? 'error' : 'warn';
      this.#log[level]('configuration', { problem: formatProblem(problem) });
    }
    return settings;
  }

  /** A log without the key tells less, and that is no reason to let mail wait. */
  async #takeKey(): Promise<void> {
    if (this.#readKey === null) return;
    try {
      this.#log.setAddressKey(await this.#readKey());
      this.#readKey = null;
    } catch (error) {
      this.#log.warn('addresses are logged by their domain alone', {
        error: asFailure(error).message,
      });
    }
  }
}
