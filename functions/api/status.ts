import type { Clock } from '../../shared/clock.ts';
import { NO_DIFFERENCES } from '../../shared/ledger/comparison-record.ts';
import type { ComparisonRecord } from '../../shared/ledger/comparison-record.ts';
import type { DestinationRecord } from '../../shared/ledger/destination-record.ts';
import type { ComparisonLedger } from '../../shared/ledger/failed-ledger.ts';
import type { DestinationLedger, MailboxLedger } from '../../shared/ledger/ledger.ts';
import type { QueueDepth } from '../../shared/queue/job-queue.ts';
import { destinationOf } from '../../shared/settings/destination.ts';
import type { DeliverySettings, SettingsSource } from '../../shared/settings/settings.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import { mailboxStatus } from './mailbox-status.ts';
import type { MailboxStatus, ProgressSource } from './mailbox-status.ts';

export interface StatusDeps {
  readonly settings: SettingsSource;
  readonly mailboxes: MailboxLedger;
  readonly destinations: Pick<DestinationLedger, 'read'>;
  readonly comparisons: Pick<ComparisonLedger, 'read'>;
  readonly store: MailStore;
  readonly queues: Readonly<
    Record<'fetch' | 'route' | 'deliver', { depth(): Promise<QueueDepth> }>
  >;
  readonly clock: Clock;
  /** Of runs in this process; elsewhere the last heartbeat tells. */
  readonly progressOf?: ProgressSource;
}

/** Where all mail goes. */
export interface DestinationStatus {
  /** `mail.corp.example:587`. */
  readonly host: string;
  /** `down`: all mail for it is put off, and one message at a time finds out whether it is back. */
  readonly status: 'ok' | 'down';
  /** ISO 8601; null while it is ok. */
  readonly since: string | null;
  /** When it is tried next at the earliest; null: with the next message, since the connector was started anew. */
  readonly retryAt: string | null;
  /** What the last try met. */
  readonly error: string | null;
}

/** The last daily comparison of `Failed/` and the ledger. */
export interface ComparisonStatus {
  /** ISO 8601; null: there was none yet. */
  readonly at: string | null;
  /** How many differences it found; they are repaired. */
  readonly differences: number;
  /** Keys of the first of these messages. */
  readonly messages: readonly string[];
}

export interface ReportedProblem {
  readonly severity: 'error' | 'warning';
  /** One line for people. */
  readonly text: string;
}

export interface StatusReport {
  readonly mailboxes: readonly MailboxStatus[];
  readonly destination: DestinationStatus;
  readonly queues: Readonly<Record<'fetch' | 'route' | 'deliver', QueueDepth>>;
  /** Messages in `Incoming/`: all that lies there is open. */
  readonly open: number;
  /** Age of the oldest of them in seconds. */
  readonly oldestSeconds: number | null;
  /** Messages in `Failed/`. */
  readonly failed: number;
  readonly comparison: ComparisonStatus;
  /** What is wrong with the configuration file; with an error in it, the last good one is in use. */
  readonly problems: readonly ReportedProblem[];
}

/** What `mailferry status` and `GET /status` tell. */
export async function status(deps: StatusDeps): Promise<StatusReport> {
  const settings = await deps.settings.read();
  const ids = [...settings.mailboxes.keys(), ...settings.broken.keys()].sort();
  const now = deps.clock.now();
  const mailboxes = await Promise.all(
    ids.map(async (id) => {
      const record = await deps.mailboxes.read(id);
      return mailboxStatus(settings, id, record, now, deps.progressOf?.(id) ?? null);
    }),
  );
  const waiting = await countAndOldest(deps.store, 'Incoming');
  const failed = await countAndOldest(deps.store, 'Failed');
  const [fetch, route, deliver] = await Promise.all([
    deps.queues.fetch.depth(),
    deps.queues.route.depth(),
    deps.queues.deliver.depth(),
  ]);
  return {
    mailboxes,
    destination: destinationStatus(settings.general.delivery, await deps.destinations.read()),
    queues: { fetch, route, deliver },
    open: waiting.count,
    oldestSeconds:
      waiting.oldestAt === null ? null : Math.max(0, Math.round((now - waiting.oldestAt) / 1000)),
    failed: failed.count,
    comparison: comparisonStatus(await deps.comparisons.read()),
    problems: settings.problems.map((problem) => ({
      severity: problem.severity,
      text: formatProblem(problem),
    })),
  };
}

/**
 * Whether the exit status of `status` is 0: no mailbox in trouble or silent, the destination well, no wrong setting, nothing
 * failed, nothing waits, and the last comparison found no difference.
 */
export function isWell(report: StatusReport): boolean {
  const inTrouble = report.mailboxes.some(
    (one) => TROUBLE.has(one.status) || one.silentSince !== null,
  );
  const isMisconfigured = report.problems.some((problem) => problem.severity === 'error');
  if (report.destination.status !== 'ok') return false;
  if (report.comparison.differences > 0) return false;
  return !inTrouble && !isMisconfigured && report.failed === 0 && report.open === 0;
}

const TROUBLE: ReadonlySet<MailboxStatus['status']> = new Set([
  'failed',
  'partial',
  'misconfigured',
]);

function destinationStatus(
  delivery: DeliverySettings,
  record: DestinationRecord | null,
): DestinationStatus {
  const { host, identity } = destinationOf(delivery);
  if (record?.identity !== identity || record.openUntil === null) {
    return { host, status: 'ok', since: null, retryAt: null, error: null };
  }
  const { downSince, openUntil, fault } = record;
  const [since, retryAt] = [isoOrNull(downSince), isoOrNull(openUntil === 0 ? null : openUntil)];
  return { host, status: 'down', since, retryAt, error: fault };
}

function comparisonStatus(record: ComparisonRecord | null): ComparisonStatus {
  const { count, listed } = record?.last ?? NO_DIFFERENCES;
  const at = isoOrNull(record?.comparedAt ?? null);
  return { at, differences: count, messages: listed.map(({ message }) => message) };
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

async function countAndOldest(
  store: MailStore,
  area: 'Incoming' | 'Failed',
): Promise<{ count: number; oldestAt: number | null }> {
  let count = 0;
  let oldestAt: number | null = null;
  for await (const { storedAt } of store.list(area)) {
    count += 1;
    oldestAt = Math.min(oldestAt ?? storedAt, storedAt);
  }
  return { count, oldestAt };
}
