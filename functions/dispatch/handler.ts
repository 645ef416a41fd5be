import type { Context } from 'aws-lambda';

import { dispatchDeps } from '../../infra/aws/runtime/dispatch-deps.ts';
import { asFailure } from '../../shared/failure.ts';
import { dispatch } from './dispatch.ts';

const deps = dispatchDeps();

/** One tick of EventBridge Scheduler. A fault is thrown, so that it is counted; the next tick is the retry. */
export async function handler(_event: unknown, context: Context): Promise<void> {
  deps.log.invokedBy(context);
  try {
    const queued = await dispatch(deps);
    if (queued.length > 0) deps.log.info('mailboxes due', { count: queued.length });
  } catch (error) {
    const { kind, message } = asFailure(error);
    deps.log.error('dispatch failed', { kind, error: message });
    throw error;
  }
}
