import { examineMailbox } from '../../functions/api/look/examine-mailbox.ts';
import type { LookDeps } from '../../functions/api/look/mailbox-look.ts';
import { testMailbox } from '../../functions/api/look/test-mailbox.ts';
import type { Route } from '../../functions/api/router.ts';

/**
 * Looks at mailboxes for the commands on this machine: the connector that runs has the ledger with their leases, so it
 * is the one to log in. Not behind API Gateway, whose answers have to come within half a minute.
 */
export const LOOK_ROUTES: readonly Route<LookDeps>[] = [
  {
    method: 'POST',
    path: '/mailboxes/{id}/test',
    answer: async (deps, { parts }) => ({
      status: 200,
      body: await testMailbox(deps, parts['id'] ?? ''),
    }),
  },
  {
    method: 'POST',
    path: '/mailboxes/{id}/examine',
    answer: async (deps, { parts, query }) => ({
      status: 200,
      body: await examineMailbox(deps, parts['id'] ?? '', { force: query.has('force') }),
    }),
  },
];
