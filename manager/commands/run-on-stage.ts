import { isWell } from '../../functions/api/run-summary.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { fetchOnce } from '../deployment/fetch-once.ts';
import { NOT_WELL, UsageError, WELL } from '../exit-status.ts';
import { say } from '../output.ts';
import { ProgressView } from '../progress-view.ts';
import { closingSignal } from '../signals.ts';
import { printSummary } from '../summary-table.ts';
import type { RunOptions } from './run.ts';

/** `mailferry run --once --stage NAME`: the deployment fetches, routes and delivers; the command asks and follows. */
export async function runOnStage(stage: string, options: RunOptions): Promise<number> {
  if (options.once !== true) {
    throw new UsageError(
      `run --stage ${stage}: expected --once; a deployment runs by itself, by the schedules of its mailboxes`,
    );
  }
  const closing = closingSignal();
  return withDeployment(stage, async ({ deps }) => {
    using view = ProgressView.following();
    const { summary, untraced } = await fetchOnce(deps, [], closing, undefined, view.onRecord);
    view[Symbol.dispose]();
    printSummary(summary, options.json === true);
    for (const [id, count] of untraced) {
      say(
        `mailbox ${id}: ${count} of the fetched messages could not be followed (a server without UIDL, or two of the same UIDL); status shows what is on its way`,
      );
    }
    return isWell(summary) && untraced.size === 0 ? WELL : NOT_WELL;
  });
}
