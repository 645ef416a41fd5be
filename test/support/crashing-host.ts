import { openEmbedded } from '../../infra/local/embedded.ts';
import type { Embedded, EmbeddedDeps } from '../../infra/local/embedded.ts';
import type { Maildrop, MaildropExaminer } from '../../shared/pop3/maildrop.ts';
import { silentLog } from '../../shared/observe/pino-log.ts';
import type { Settings } from '../../shared/settings/settings.ts';
import type { MailStore, OpenedMessage } from '../../shared/store/mail-store.ts';
import type { CrashPlan } from './crash-plan.ts';

export interface TestHost {
  readonly embedded: Embedded;
  /** Ends the host as the operating system ends a dead process: sockets closed, lock gone, nothing more written. */
  tearDown(): Promise<void>;
}

/** The embedded host on a folder, with settings given as they are and every port under a crash plan. */
export async function openCrashing(
  folder: string,
  settings: Settings,
  plan: CrashPlan,
): Promise<TestHost> {
  const embedded = await openEmbedded({
    folder,
    settingsFrom: () => ({ read: () => Promise.resolve(settings) }),
    secrets: {
      read: (ref) => Promise.resolve(ref.kind === 'plain' ? ref.value : ''),
    },
    log: silentLog,
  });
  const maildrops: Maildrop[] = [];
  const opened: OpenedMessage[] = [];
  const { deps, queues } = embedded;
  const opener: MaildropExaminer = deps.opener;
  const crashing: EmbeddedDeps = {
    ...deps,
    store: plan.over('store', storeThatIsTornDown(deps.store, opened)),
    mailboxes: plan.over('mailboxes', deps.mailboxes),
    messages: plan.over('messages', deps.messages),
    uidls: plan.over('uidls', deps.uidls),
    duplicates: plan.over('duplicates', deps.duplicates),
    retries: plan.over('retries', deps.retries),
    causes: plan.over('causes', deps.causes),
    comparisons: plan.over('comparisons', deps.comparisons),
    routeQueue: plan.over('routeQueue', deps.routeQueue),
    deliverQueue: plan.over('deliverQueue', deps.deliverQueue),
    courierFor: (delivery) => plan.over('courier', deps.courierFor(delivery)),
    opener: {
      probe: (...words) => opener.probe(...words),
      open: async (...words: Parameters<MaildropExaminer['open']>) => {
        const maildrop = await opener.open(...words);
        maildrops.push(maildrop);
        return plan.over('maildrop', maildrop);
      },
    },
  };
  return {
    embedded: {
      ...embedded,
      deps: crashing,
      queues: {
        fetch: queues.fetch,
        route: plan.over('routeJobs', queues.route),
        deliver: plan.over('deliverJobs', queues.deliver),
      },
    },
    async tearDown() {
      for (const maildrop of maildrops) maildrop.abandon();
      await plan.settled();
      for (const { content } of opened) content.destroy();
      await embedded.close();
    },
  };
}

/** Remembers what it opened: the operating system closes the files of a dead process, here nobody would. */
function storeThatIsTornDown(store: MailStore, opened: OpenedMessage[]): MailStore {
  return {
    create: (key, message, metadata) => store.create(key, message, metadata),
    open: async (key, length) => {
      const message = await store.open(key, length);
      if (message !== null) opened.push(message);
      return message;
    },
    park: (key, report) => store.park(key, report),
    find: (key) => store.find(key),
    report: (key) => store.report(key),
    listReports: () => store.listReports(),
    remove: (area, key) => store.remove(area, key),
    list: (area) => store.list(area),
  };
}
