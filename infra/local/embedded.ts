import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import type { DeliverDeps } from '../../functions/deliver/deliver-message.ts';
import { DestinationGate } from '../../functions/deliver/destination-gate.ts';
import type { DispatchDeps } from '../../functions/dispatch/dispatch.ts';
import type { FetchDeps } from '../../functions/fetch/fetch-mailbox.ts';
import type { LookDeps } from '../../functions/api/look/mailbox-look.ts';
import type { ApiDeps } from '../../functions/api/routes.ts';
import type { RouteDeps } from '../../functions/route/route-message.ts';
import type { SweepHostDeps } from '../../functions/sweep/sweep-host.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Clock, Random } from '../../shared/clock.ts';
import { CurrentCourier } from '../../shared/courier/current-courier.ts';
import { asFailure } from '../../shared/failure.ts';
import type { FetchProgress } from '../../shared/ledger/mailbox-record.ts';
import { sqliteLedger } from '../../shared/ledger/sqlite-ledger.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Log } from '../../shared/observe/log.ts';
import { noAlarmTopic } from '../../shared/notice/alarm-topic.ts';
import { noMetrics } from '../../shared/observe/metrics.ts';
import { Pop3Opener } from '../../shared/pop3/opener.ts';
import { fetchJob, messageJob } from '../../shared/queue/job-queue.ts';
import type { FetchJob, MessageJob } from '../../shared/queue/job-queue.ts';
import { sqliteQueue } from '../../shared/queue/sqlite-queue.ts';
import type { SqliteQueue } from '../../shared/queue/sqlite-queue.ts';
import type { Secrets, SettingsMemory, SettingsSource } from '../../shared/settings/settings.ts';
import { sqliteSettingsMemory } from '../../shared/settings/sqlite-memory.ts';
import { Database } from '../../shared/sqlite/database.ts';
import { FileMailStore } from '../../shared/store/file-mail-store.ts';
import { createSpool } from '../../shared/store/spool-writer.ts';
import { localAccessTokens } from './access-tokens.ts';
import { ownDataFolder } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { collectGarbage } from './garbage-collection.ts';
import { inHandFiles, takeInHand } from './in-hand-files.ts';

export interface EmbeddedOptions {
  readonly folder: string;
  readonly settingsFrom: (memory: SettingsMemory) => SettingsSource;
  readonly secrets: Secrets;
  readonly log: Log;
  /** The system's clock and `Math.random` unless a test decides time and chance. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Every use case's dependencies on one machine. */
export type EmbeddedDeps = FetchDeps &
  RouteDeps &
  DeliverDeps &
  SweepHostDeps &
  DispatchDeps &
  ApiDeps &
  LookDeps;

export interface Embedded {
  readonly deps: EmbeddedDeps;
  readonly folder: DataFolder;
  readonly queues: {
    readonly fetch: SqliteQueue<FetchJob>;
    readonly route: SqliteQueue<MessageJob>;
    readonly deliver: SqliteQueue<MessageJob>;
  };
  /** How far the runs in this process are. */
  readonly progress: Map<string, FetchProgress>;
  /** Resolves when every object that was created has its route job, or has been left to the sweep. */
  eventsSent(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the embedded host: takes the data folder, frees what a dead owner held, and wires the ports to their
 * embedded adapters.
 * @throws Failure `store` while another process owns the folder
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const folder = await ownDataFolder(options.folder);
  try {
    return await openIn(folder, new Database(folder.database), options);
  } catch (error) {
    // Else the next one in this process would take us for a living owner.
    folder.release();
    throw error;
  }
}

const ofThisProcess = { makeRoom: collectGarbage, newToken: randomUUID };

async function openIn(
  folder: DataFolder,
  database: Database,
  options: EmbeddedOptions,
): Promise<Embedded> {
  const { log } = options;
  const clock = options.clock ?? systemClock;
  const ledger = sqliteLedger(database);
  const queues = queuesIn(database, clock);
  await ledger.releaseAll(takeInHand(folder.inHand));
  await Promise.all(Object.values(queues).map((queue) => queue.releaseAll()));

  const events = new EventSender(queues.route, log);
  const progress = new Map<string, FetchProgress>();
  const hello = helloName();
  const courier = new CurrentCourier({ secrets: options.secrets, helloName: hello, clock, log });
  const metrics = noMetrics;
  const gate = { ledger: ledger.destinations, newToken: randomUUID, clock, log, metrics };
  const settings = options.settingsFrom(sqliteSettingsMemory(database));
  const deps: EmbeddedDeps = {
    settings,
    secrets: options.secrets,
    tokens: localAccessTokens({ data: folder.path, secrets: options.secrets, clock, log }),
    store: new FileMailStore({
      folder: folder.path,
      spoolFolder: folder.spool,
      database,
      onCreated: (key) => {
        events.created(key);
      },
    }),
    mailboxes: ledger.mailboxes,
    messages: ledger.messages,
    uidls: ledger.uidls,
    duplicates: ledger.duplicates,
    index: ledger.index,
    readLoopKey: () => Promise.resolve(folder.loopKey),
    retries: ledger.retries,
    causes: ledger.causes,
    failed: ledger.failed,
    comparisons: ledger.comparisons,
    metrics,
    alarms: noAlarmTopic,
    forgetting: {
      forget: async (now) => {
        await ledger.forget(now, (await settings.read()).general.limits.rememberMs);
      },
    },
    fetchQueue: queues.fetch,
    routeQueue: queues.route,
    deliverQueue: queues.deliver,
    queues,
    opener: new Pop3Opener(clock),
    destinations: ledger.destinations,
    destination: new DestinationGate(gate),
    courierFor: (delivery) => courier.for(delivery),
    newSpool: () => createSpool(folder.spool),
    inHand: inHandFiles(folder.inHand),
    ...ofThisProcess,
    random: options.random ?? Math.random,
    clock,
    log,
    loopKey: folder.loopKey,
    progressOf: (mailbox) => progress.get(mailbox) ?? null,
    credentialsKey: () => Promise.resolve(folder.loopKey),
    hostName: hello,
  };
  return {
    deps,
    folder,
    queues,
    progress,
    eventsSent: () => events.sent(),
    async close() {
      await events.sent();
      await courier.close();
      database.close();
      folder.release();
    },
  };
}

function queuesIn(database: Database, clock: Clock): Embedded['queues'] {
  const ofMessages = { schema: messageJob, identity: formatKey, clock };
  return {
    fetch: sqliteQueue(database, {
      name: 'fetch',
      schema: fetchJob,
      identity: (job) => job.mailbox,
      clock,
    }),
    route: sqliteQueue(database, { name: 'route', ...ofMessages }),
    deliver: sqliteQueue(database, { name: 'deliver', ...ofMessages }),
  };
}

/** Turns "object created" into a route job, as S3 does: off the path of fetch, and allowed to get lost. */
class EventSender {
  readonly #queue: SqliteQueue<MessageJob>;
  readonly #log: Log;
  readonly #pending = new Set<Promise<void>>();

  constructor(queue: SqliteQueue<MessageJob>, log: Log) {
    this.#queue = queue;
    this.#log = log;
  }

  created(key: MessageKey): void {
    const sending = this.#queue
      .send([key])
      .catch((error: unknown) => {
        const { message } = asFailure(error);
        this.#log.error('route job not queued, left to the sweep', {
          message: formatKey(key),
          error: message,
        });
      })
      .finally(() => this.#pending.delete(sending));
    this.#pending.add(sending);
  }

  async sent(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}

/** Our name in EHLO and in Received: the machine's, made a domain where it is a bare word (RFC 5321 section 4.1.4). */
function helloName(): string {
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-');
  return name.includes('.') ? name : `${name || 'mailferry'}.local`;
}
