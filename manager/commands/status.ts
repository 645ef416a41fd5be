import { isWell, status } from '../../functions/api/status.ts';
import type { MailboxStatus } from '../../functions/api/mailbox-status.ts';
import type { DestinationStatus, StatusReport } from '../../functions/api/status.ts';
import { socketPath } from '../../infra/local/data-folder.ts';
import { openEmbedded } from '../../infra/local/embedded.ts';
import { makeContext, requireSoundConfiguration } from '../context.ts';
import type { CommonOptions, Context } from '../context.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { NOT_WELL, WELL } from '../exit-status.ts';
import { printJson, say, sayTable } from '../output.ts';
import { acceptedBody, askSocket } from '../socket-client.ts';

/** `mailferry status`: from a deployment; here from the connector that runs, else from the folder itself. */
export async function showStatus(options: CommonOptions): Promise<number> {
  const report = await reportFor(options);
  if (options.json === true) printJson(report);
  else sayStatus(report);
  return isWell(report) ? WELL : NOT_WELL;
}

async function reportFor(options: CommonOptions): Promise<StatusReport> {
  if (options.stage !== undefined) {
    return withDeployment(options.stage, ({ deps }) => status(deps));
  }
  const running = await fromSocket(options);
  if (running !== null) return running;
  const context = makeContext(options);
  await requireSoundConfiguration(context, false);
  return statusOfFolder(context);
}

async function fromSocket(options: CommonOptions): Promise<StatusReport | null> {
  const answer = await askSocket(socketPath(options.data), 'GET', '/status');
  // The same program answers on both ends of this socket.
  return answer === null ? null : (acceptedBody(answer) as StatusReport);
}

/** From the data folder itself, while nobody else has it. */
export async function statusOfFolder(context: Context): Promise<StatusReport> {
  const embedded = await openEmbedded(context.embedded);
  try {
    return await status(embedded.deps);
  } finally {
    await embedded.close();
  }
}

function sayStatus(report: StatusReport): void {
  sayTable(
    ['mailbox', 'status', 'last run', 'last success', 'left', 'trouble'],
    report.mailboxes.map((one) => [
      one.id,
      one.status,
      one.lastRun ?? 'never',
      one.lastSuccess ?? 'never',
      String(one.left),
      troubleOf(one),
    ]),
  );
  sayTable(
    ['queue', 'ready', 'in flight', 'later'],
    Object.entries(report.queues).map(([name, depth]) => [
      name,
      String(depth.ready),
      String(depth.inFlight),
      String(depth.delayed),
    ]),
  );
  say(destinationLine(report.destination));
  const oldest = report.oldestSeconds === null ? '' : `, the oldest for ${report.oldestSeconds} s`;
  say(`on their way: ${report.open}${oldest}`, `in Failed/: ${report.failed}`);
  const { at, differences, messages } = report.comparison;
  if (differences > 0) {
    say(
      `Failed/ and what is recorded of it differed at ${at ?? ''}, repaired: ${differences} (${messages.join(', ')})`,
    );
  }
  say(...report.problems.map(({ severity, text }) => `configuration ${severity}: ${text}`));
}

/** Why it is not well, and when it is tried again. */
function troubleOf(one: MailboxStatus): string {
  const { error, failing, notBefore, progress, silentSince, staying } = one;
  const words = [
    progress === null ? '' : `fetched ${progress.messages} of ${progress.ofMessages} so far`,
    error === null ? '' : `${error.kind}: ${error.message}`,
    failing === null ? '' : `failing since ${failing.since} (${failing.runs} runs)`,
    silentSince === null ? '' : `silent: no mail since ${silentSince}, far longer than usual`,
    notBefore === null ? '' : `no scheduled run before ${notBefore}`,
    stayingWords(staying),
  ];
  return words.filter((word) => word !== '').join('; ');
}

function stayingWords({ tooLarge, unretrievable, skipped }: MailboxStatus['staying']): string {
  const words = [
    tooLarge === 0 ? '' : `${tooLarge} too large`,
    unretrievable === 0 ? '' : `${unretrievable} not given by the server`,
    skipped === 0 ? '' : `${skipped} left by "initial"`,
  ].filter((one) => one !== '');
  return words.length === 0 ? '' : `left on the server: ${words.join(', ')}`;
}

function destinationLine({ host, status, since, retryAt, error }: DestinationStatus): string {
  if (status === 'ok') return `destination: ${host}`;
  const next = retryAt === null ? 'with the next message' : `not before ${retryAt}`;
  return `destination: ${host} is down since ${since ?? 'an unknown time'}, mail for it waits (tried next ${next}): ${error ?? ''}`;
}
