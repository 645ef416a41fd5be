import type { Context } from 'aws-lambda';

import { sweepDeps } from '../../infra/aws/runtime/sweep-deps.ts';
import { asFailure } from '../../shared/failure.ts';
import { SWEEP_GRACE_MS } from '../../shared/limits.ts';
import { sweepHost } from './sweep-host.ts';

const deps = sweepDeps();

/** Every 15 minutes. A fault is thrown, so that it is counted; the next sweep is the retry. */
export async function handler(_event: unknown, context: Context): Promise<void> {
  deps.log.invokedBy(context);
  try {
    await takeUpSettings();
    const { open, requeued, oldestAt, differences } = await sweepHost(deps, SWEEP_GRACE_MS);
    const oldestSeconds = oldestAt === null ? null : (deps.clock.now() - oldestAt) / 1000;
    deps.log.info('swept', { open, requeued, oldestSeconds, differences });
  } catch (error) {
    const { kind, message } = asFailure(error);
    deps.log.error('sweep failed', { kind, error: message });
    throw error;
  }
}

/** For the level of the log. What fell between two steps is found whatever is wrong with the configuration. */
async function takeUpSettings(): Promise<void> {
  try {
    await deps.settings.read();
  } catch (error) {
    deps.log.warn('settings not read', { error: asFailure(error).message });
  }
}
