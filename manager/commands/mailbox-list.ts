import { formatSchedule } from '../../shared/settings/schedule.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import type { Keep, Mailbox } from '../../shared/settings/settings.ts';
import { withConfiguration } from '../configuration/with-configuration.ts';
import type { CommonOptions } from '../context.ts';
import { WELL, WRONG_USE } from '../exit-status.ts';
import { printJson, say, sayTable } from '../output.ts';

interface ListedMailbox {
  readonly id: string;
  readonly type: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly tls: string | null;
  readonly username: string | null;
  readonly auth: string | null;
  readonly schedule: string | null;
  readonly keep: string | null;
  /** Fixed recipients of a user mailbox; null: recipients are read from the header. */
  readonly deliverTo: readonly string[] | null;
  /** What is wrong with its entry; it is not fetched while there is anything. */
  readonly problems: readonly string[];
}

/** `mailferry mailbox list`: the mailboxes of the configuration, broken ones included. */
export function listMailboxes(options: CommonOptions): Promise<number> {
  return withConfiguration(options, async (configuration) => {
    const { parsed } = await configuration.read();
    const mailboxes = [
      ...[...(parsed.mailboxes?.values() ?? [])].map(soundEntry),
      ...[...parsed.broken].map(([id, problems]) =>
        brokenEntry(id, problems.filter((one) => one.severity === 'error').map(formatProblem)),
      ),
    ].toSorted((one, other) => one.id.localeCompare(other.id));
    if (options.json === true) printJson({ mailboxes });
    else show(mailboxes);
    return mailboxes.some(({ problems }) => problems.length > 0) ? WRONG_USE : WELL;
  });
}

function soundEntry(mailbox: Mailbox): ListedMailbox {
  const { id, type, host, port, tls, username, auth, schedule, keep } = mailbox;
  return {
    ...{ id, type, host, port, tls, username, auth },
    schedule: formatSchedule(schedule),
    keep: formatKeep(keep),
    deliverTo: mailbox.type === 'user' ? mailbox.deliverTo : null,
    problems: [],
  };
}

function brokenEntry(id: string, problems: readonly string[]): ListedMailbox {
  const unknown = { type: null, host: null, port: null, tls: null, username: null, auth: null };
  return { id, ...unknown, schedule: null, keep: null, deliverTo: null, problems };
}

function show(mailboxes: readonly ListedMailbox[]): void {
  if (mailboxes.length === 0) {
    say('there is no mailbox; mailferry mailbox add ID makes one');
    return;
  }
  sayTable(
    ['mailbox', 'type', 'server', 'tls', 'user name', 'schedule', 'keep', 'mail goes to'],
    mailboxes.map((one) => [
      one.id,
      one.type ?? 'misconfigured',
      one.host === null ? '' : `${one.host}:${one.port ?? ''}`,
      one.tls ?? '',
      one.username ?? '',
      one.schedule ?? '',
      one.keep ?? '',
      destinationOf(one),
    ]),
  );
}

function destinationOf({ deliverTo, problems }: ListedMailbox): string {
  if (problems.length > 0) return problems.join('; ');
  return deliverTo === null ? 'whom its header names' : deliverTo.join(', ');
}

const DAY_MS = 24 * 3_600_000;

function formatKeep(keep: Keep): string {
  return typeof keep === 'string' ? keep : `${keep.ageMs / DAY_MS}d`;
}
