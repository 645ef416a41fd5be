import * as z from 'zod';

import { Failure } from '../../shared/failure.ts';
import { NOTICES } from '../../shared/mail/message-key.ts';
import type { FailedFilter } from './failed-mail.ts';
import { listFailed } from './failed-mail.ts';
import type { ApiAnswer } from './problem.ts';
import type { OrderResult } from './order-result.ts';
import { problemAnswer } from './problem.ts';
import { removeFailed } from './remove-failed.ts';
import type { RemoveDeps } from './remove-failed.ts';
import { retryFailed } from './retry-failed.ts';
import type { RetryDeps } from './retry-failed.ts';
import { BadRequest } from './router.ts';
import type { Route } from './router.ts';
import { showFailed } from './show-failed.ts';

export type FailedRouteDeps = RetryDeps & RemoveDeps;

const filterFields = {
  mailbox: z.string().nullable().default(null),
  /** ISO 8601. */
  since: z.iso.datetime({ offset: true }).nullable().default(null),
  reason: z.string().nullable().default(null),
};

/** What an order is about: keys, else what the filter means; all of it has to be said. */
const orderFields = {
  keys: z.array(z.string()).max(1000).default([]),
  ...filterFields,
  all: z.boolean().default(false),
  dryRun: z.boolean().default(false),
};

const NO_FILTER: FailedFilter = { mailbox: null, since: null, reason: null };
const filterQuery = z.strictObject(filterFields);
const retryBody = z.strictObject({
  ...orderFields,
  rules: z.enum(['kept', 'current']).default('kept'),
});
/** About one message, which the path names. */
const retryOneBody = z.strictObject({
  rules: z.enum(['kept', 'current']).default('kept'),
  dryRun: z.boolean().default(false),
});
const removeBody = z.strictObject({ ...orderFields, by: z.string().min(1).max(200) });

export const FAILED_ROUTES: readonly Route<FailedRouteDeps>[] = [
  {
    method: 'GET',
    path: '/failed',
    answer: async (deps, { query }) => {
      const filter = filterOf(read(filterQuery, Object.fromEntries(query)));
      await requireMailbox(deps, filter);
      const found = await listFailed(deps, filter);
      return answered({ messages: found.map(({ entry }) => entry) });
    },
  },
  {
    method: 'GET',
    path: '/failed/{digits}',
    answer: async (deps, { parts }) => answered(await showFailed(deps, parts['digits'] ?? '')),
  },
  {
    method: 'GET',
    path: '/failed/{mailbox}/{digits}',
    answer: async (deps, { parts }) =>
      answered(await showFailed(deps, `${parts['mailbox'] ?? ''}/${parts['digits'] ?? ''}`)),
  },
  {
    method: 'POST',
    path: '/failed/retry',
    answer: async (deps, { body }) => {
      const order = requireMeant(read(retryBody, body));
      const { keys, rules, dryRun } = order;
      const filter = filterOf(order);
      await requireMailbox(deps, filter);
      return answered({ messages: await retryFailed(deps, { keys, filter, rules, dryRun }) });
    },
  },
  {
    method: 'POST',
    path: '/failed/{id}/retry',
    answer: (deps, { parts, body }) => retryOne(deps, parts['id'] ?? '', body),
  },
  {
    // The key as it is written: not every client keeps the slash in it encoded.
    method: 'POST',
    path: '/failed/{mailbox}/{digits}/retry',
    answer: (deps, { parts, body }) =>
      retryOne(deps, `${parts['mailbox'] ?? ''}/${parts['digits'] ?? ''}`, body),
  },
  {
    method: 'POST',
    path: '/failed/remove',
    answer: async (deps, { body }) => {
      const order = requireMeant(read(removeBody, body));
      const { keys, by, dryRun } = order;
      const filter = filterOf(order);
      await requireMailbox(deps, filter);
      return answered({ messages: await removeFailed(deps, { keys, filter, by, dryRun }) });
    },
  },
];

/** Accepted: the delivery is queued, `GET /messages?query=` tells how it went. */
async function retryOne(deps: FailedRouteDeps, id: string, body: unknown): Promise<ApiAnswer> {
  const order = { ...read(retryOneBody, body), keys: [id], filter: NO_FILTER };
  const [result] = await retryFailed(deps, order);
  return result?.outcome === 'refused' ? refused(result) : { status: 202, body: result };
}

/** The message is there, and its state does not allow it. */
function refused({ key, why }: OrderResult): ApiAnswer {
  return problemAnswer(409, `${key}: ${why ?? 'refused'}`);
}

/** @throws Failure `settings`, permanent, for a mailbox that is not configured and has no failed mail either */
async function requireMailbox(
  { settings, store }: FailedRouteDeps,
  { mailbox }: FailedFilter,
): Promise<void> {
  if (mailbox === null || mailbox === NOTICES) return;
  const { mailboxes, broken } = await settings.read();
  if (mailboxes.has(mailbox) || broken.has(mailbox)) return;
  for await (const { key } of store.list('Failed')) if (key.mailbox === mailbox) return;
  const known = [...mailboxes.keys(), ...broken.keys()].join(', ');
  throw new Failure(
    'settings',
    'permanent',
    `expected a mailbox of the configuration (${known}), got ${mailbox}`,
  );
}

function answered(body: unknown): ApiAnswer {
  return { status: 200, body };
}

function filterOf({ mailbox, since, reason }: z.infer<typeof filterQuery>): FailedFilter {
  return { mailbox, since: since === null ? null : Date.parse(since), reason };
}

/** An order about nothing in particular is taken for a mistake, and not for all there is. */
function requireMeant<Order extends z.infer<z.ZodObject<typeof orderFields>>>(order: Order): Order {
  const { keys, mailbox, since, reason, all } = order;
  if (keys.length > 0 || mailbox !== null || since !== null || reason !== null || all) return order;
  throw new BadRequest('expected keys, mailbox, since, reason, or all; got none of them');
}

/** @throws BadRequest with everything that is wrong; what was sent is not repeated */
function read<Document>(schema: z.ZodType<Document>, value: unknown): Document {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) =>
    [path.join('.'), message].filter((part) => part !== '').join(': '),
  );
  throw new BadRequest(faults.join('; '));
}
