import { tooSoonStatus } from '../../functions/api/mailbox-status.ts';
import type { MailboxStatus } from '../../functions/api/mailbox-status.ts';
import { status } from '../../functions/api/status.ts';
import type { CommonOptions } from '../context.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { requestAndFollow } from '../deployment/fetch-once.ts';
import type { FollowedFetch } from '../deployment/fetch-once.ts';
import { NOT_WELL, WELL } from '../exit-status.ts';
import { printMailboxes } from '../mailbox-table.ts';
import { say } from '../output.ts';
import { ProgressView } from '../progress-view.ts';
import { closingSignal } from '../signals.ts';

/** `mailferry fetch --stage NAME`: asks the deployment to fetch now, and waits until each mailbox has ended that run. */
export async function fetchOnStage(
  stage: string,
  options: CommonOptions,
  ids: readonly string[],
): Promise<number> {
  const closing = closingSignal();
  return withDeployment(stage, async ({ deps }) => {
    using view = ProgressView.following();
    const followed = await requestAndFollow(deps, ids, closing, undefined, view.onRecord);
    view[Symbol.dispose]();
    const { mailboxes } = await status(deps);
    const asked = followed.flatMap((one) => {
      const found = mailboxes.find(({ id }) => id === one.id);
      return found === undefined ? [] : [standing(found, one)];
    });
    printMailboxes(asked, options.json === true);
    const open = followed.filter(({ answer, record }) => answer.kind !== 'tooSoon' && !record);
    if (open.length > 0) {
      const names = open.map(({ id }) => id).join(', ');
      say(
        `asked for, and not ended while it was followed: ${names}; the log of the fetch function says more`,
      );
    }
    return open.length === 0 && asked.every((one) => one.status === 'ok') ? WELL : NOT_WELL;
  });
}

function standing(mailbox: MailboxStatus, { answer }: FollowedFetch): MailboxStatus {
  return answer.kind === 'tooSoon' ? tooSoonStatus(mailbox, answer.until) : mailbox;
}
