import type { MailboxExamination } from '../functions/api/look/examine-mailbox.ts';
import { examineMailbox } from '../functions/api/look/examine-mailbox.ts';
import type { LookDeps } from '../functions/api/look/mailbox-look.ts';
import { testMailbox } from '../functions/api/look/test-mailbox.ts';
import type { MailboxTest } from '../functions/api/look/test-mailbox.ts';
import { socketPath } from '../infra/local/data-folder.ts';
import { openEmbedded } from '../infra/local/embedded.ts';
import { trustSystemAuthorities } from '../infra/local/system-authorities.ts';
import type { Context } from './context.ts';
import { acceptedBody, askSocket } from './socket-client.ts';

/** Looks at mailboxes; whoever has the ledger with their leases does it. */
export interface Looker {
  test(mailbox: string): Promise<MailboxTest>;
  examine(mailbox: string, force: boolean): Promise<MailboxExamination>;
}

/** Asks the connector that runs on the data folder, or looks by itself where none does. */
export async function withLocalLooker<Result>(
  context: Context,
  work: (looker: Looker) => Promise<Result>,
): Promise<Result> {
  const socket = socketPath(context.options.data);
  if ((await askSocket(socket, 'GET', '/status')) !== null) return work(socketLooker(socket));
  const embedded = await openEmbedded(context.embedded);
  try {
    return await work(await lookerOf(embedded.deps));
  } finally {
    await embedded.close();
  }
}

/** Looks from this process, on a deployment's ledger or on the embedded one. */
export async function lookerOf(deps: LookDeps): Promise<Looker> {
  trustSystemAuthorities(await deps.settings.read());
  return {
    test: (mailbox) => testMailbox(deps, mailbox),
    examine: (mailbox, force) => examineMailbox(deps, mailbox, { force }),
  };
}

function socketLooker(socket: string): Looker {
  const ask = async (mailbox: string, action: string): Promise<unknown> => {
    const path = `/mailboxes/${encodeURIComponent(mailbox)}/${action}`;
    const answer = await askSocket(socket, 'POST', path);
    if (answer === null) throw new Error('the connector stopped meanwhile');
    return acceptedBody(answer);
  };
  return {
    // The same program answers on both ends of this socket.
    test: async (mailbox) => (await ask(mailbox, 'test')) as MailboxTest,
    examine: async (mailbox, force) =>
      (await ask(mailbox, force ? 'examine?force=1' : 'examine')) as MailboxExamination,
  };
}
