import { status } from '../../functions/api/status.ts';
import type { CommonOptions } from '../context.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { requestAndFollow } from '../deployment/fetch-once.ts';
import { NOT_WELL, WELL } from '../exit-status.ts';
import { printMailboxes } from '../mailbox-table.ts';
import { say } from '../output.ts';
import { closingSignal } from '../signals.ts';

/** `mailferry fetch --stage NAME`: asks the deployment to fetch now, and waits until each mailbox has ended that run. */
export async function fetchOnStage(
  stage: string,
  options: CommonOptions,
  ids: readonly string[],
): Promise<number> {
  const closing = closingSignal();
  return withDeployment(stage, async ({ deps }) => {
    const records = await requestAndFollow(deps, ids, closing);
    const { mailboxes } = await status(deps);
    const asked = mailboxes.filter(({ id }) => records.has(id));
    printMailboxes(asked, options.json === true);
    const open = [...records].flatMap(([id, record]) => (record === null ? [id] : []));
    if (open.length > 0) {
      say(
        `asked for, and not ended while it was followed: ${open.join(', ')}; the log of the fetch function says more`,
      );
    }
    return open.length === 0 && asked.every((one) => one.status === 'ok') ? WELL : NOT_WELL;
  });
}
