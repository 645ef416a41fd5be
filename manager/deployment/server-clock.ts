import type { SSMClient } from '@aws-sdk/client-ssm';

import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';

/** A `Date` header has whole seconds, and an answer takes a moment: a smaller difference is none. Milliseconds. */
const TOLERANCE_MS = 5000;

/**
 * The time as the service has it, by the `Date` of its answers (RFC 9110 section 6.6.1). Requests and jobs carry
 * times that the functions compare with their own: on a machine whose clock is minutes behind, a fetch job would be
 * dropped as stale, and on one that runs ahead its mailbox would stay due.
 */
export function serverClock(client: SSMClient, local: Clock = systemClock): Clock {
  let offset = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const told = dateOf(result.response);
      if (told !== null) {
        const difference = told - local.now();
        offset = Math.abs(difference) > TOLERANCE_MS ? difference : 0;
      }
      return result;
    },
    { step: 'deserialize', name: 'mailferryServerClock' },
  );
  return { now: () => local.now() + offset };
}

function dateOf(response: unknown): number | null {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return null;
  const headers = response.headers as Readonly<Record<string, string | undefined>>;
  const time = Date.parse(headers['date'] ?? '');
  return Number.isNaN(time) ? null : time;
}
