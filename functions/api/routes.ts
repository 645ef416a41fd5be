import { FAILED_ROUTES } from './failed-routes.ts';
import type { FailedRouteDeps } from './failed-routes.ts';
import type { RequestFetchDeps, RequestedFetch } from './request-fetch.ts';
import { requestFetchNow } from './request-fetch.ts';
import type { ApiAnswer } from './problem.ts';
import type { Route } from './router.ts';
import { status } from './status.ts';
import type { StatusDeps } from './status.ts';
import { trace } from './trace.ts';
import type { TraceDeps } from './trace.ts';

export type ApiDeps = StatusDeps & RequestFetchDeps & FailedRouteDeps & TraceDeps;

/** The HTTP API, the same behind API Gateway and on the socket of the embedded host. */
export const ROUTES: readonly Route<ApiDeps>[] = [
  {
    method: 'GET',
    path: '/status',
    answer: async (deps) => ({ status: 200, body: await status(deps) }),
  },
  { method: 'POST', path: '/fetch', answer: (deps) => fetchNow(deps, []) },
  {
    method: 'POST',
    path: '/mailboxes/{id}/fetch',
    answer: (deps, { parts }) => fetchNow(deps, [parts['id'] ?? '']),
  },
  ...FAILED_ROUTES,
  {
    method: 'GET',
    path: '/messages',
    answer: async (deps, { query }) => ({
      status: 200,
      body: await trace(deps, query.get('query') ?? ''),
    }),
  },
];

/** Accepted, not done: each job is in the ledger, or has joined the run that is under way. */
async function fetchNow(deps: ApiDeps, ids: readonly string[]): Promise<ApiAnswer> {
  const requestedAt = new Date(deps.clock.now()).toISOString();
  const runs = await requestFetchNow(deps, ids);
  const mailboxes = runs.map(({ mailbox }) => mailbox);
  const jobs = runs.map((run) => ({ id: jobId(run, requestedAt), ...summaryOf(run) }));
  return { status: 202, body: { mailboxes, requestedAt, jobs, runs } };
}

/** The same for everybody who joins one run: the mailbox and when that run started, else when it was asked for. */
function jobId({ mailbox, answer }: RequestedFetch, requestedAt: string): string {
  const since = answer.kind === 'joined' ? new Date(answer.startedAt).toISOString() : requestedAt;
  return `${mailbox}@${since}`;
}

function summaryOf({ mailbox, answer }: RequestedFetch): {
  readonly mailbox: string;
  readonly joined: boolean;
} {
  return { mailbox, joined: answer.kind === 'joined' };
}
