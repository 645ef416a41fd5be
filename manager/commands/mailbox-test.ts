import type { MailboxTest } from '../../functions/api/look/test-mailbox.ts';
import { makeContext, requireMailbox } from '../context.ts';
import type { CommonOptions } from '../context.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { NOT_WELL, WELL } from '../exit-status.ts';
import { lookerOf, withLocalLooker } from '../looker.ts';
import { printJson, say } from '../output.ts';

/** `mailferry mailbox test`: logs in, lists and leaves; fetches nothing. */
export async function testMailboxes(options: CommonOptions, id: string): Promise<number> {
  const result = await test(options, id);
  if (options.json === true) printJson(result);
  say(...inWords(result));
  return result.status === 'ok' ? WELL : NOT_WELL;
}

async function test(options: CommonOptions, id: string): Promise<MailboxTest> {
  if (options.stage !== undefined) {
    return withDeployment(options.stage, async ({ deps }) => (await lookerOf(deps)).test(id));
  }
  const context = makeContext(options);
  await requireMailbox(context, id);
  return withLocalLooker(context, (looker) => looker.test(id));
}

function inWords(test: MailboxTest): string[] {
  const { id, status, mechanism, messages, bytes, error, resumed } = test;
  if (status === 'busy') return [`mailbox ${id}: it is being fetched now; try again later`];
  if (status === 'failed') return [`mailbox ${id}: ${error?.kind ?? ''}: ${error?.message ?? ''}`];
  return [
    `mailbox ${id}: logged in by ${mechanism ?? ''}; ${messages ?? 0} messages, ${bytes ?? 0} octets`,
    ...(resumed ? [`mailbox ${id}: it was suspended, and is fetched again from now on`] : []),
  ];
}
