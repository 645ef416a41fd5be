import { openEmbedded } from '../../infra/local/embedded.ts';
import type { Embedded } from '../../infra/local/embedded.ts';
import { runOnce } from '../../infra/local/run-once.ts';
import type { RunSummary } from '../../functions/api/run-summary.ts';
import { silentLog } from '../../shared/observe/pino-log.ts';
import type { Log } from '../../shared/observe/log.ts';
import { makeSurroundings, PASSWORD } from './provider-and-server.ts';
import type { SceneOptions } from './provider-and-server.ts';
import { settingsOf } from './sample-settings.ts';
import type { ScriptedPop3Server } from './scripted-pop3-server.ts';
import type { ScriptedSmtpServer } from './scripted-smtp-server.ts';
import { SetClock } from './set-clock.ts';

export interface EmbeddedScene {
  /** The data folder. */
  readonly data: string;
  readonly pop3: ScriptedPop3Server;
  readonly smtp: ScriptedSmtpServer;
  /** The connector's time; its chance is always the middle, so that gaps have no jitter unless a test asks. */
  readonly clock: SetClock;
  /** Opens the host, runs once and closes it, as a command does that is started again each time. */
  readonly runOnce: (ids?: readonly string[]) => Promise<RunSummary>;
  /** Opens the host for what a single run does not do; the caller closes it. */
  readonly open: () => Promise<Embedded>;
  /** Another configuration from the next opening on. */
  readonly configure: (document: unknown) => void;
  readonly close: () => Promise<void>;
}

export interface EmbeddedSceneOptions extends SceneOptions {
  readonly random?: () => number;
  readonly log?: Log;
}

/** The connector on its embedded host in this process, between scripted servers, at a time that the test decides. */
export async function makeEmbeddedScene(options: EmbeddedSceneOptions): Promise<EmbeddedScene> {
  const { folder, pop3, smtp, configured, close } = await makeSurroundings(options);
  const clock = new SetClock();
  let settings = settingsOf(configured);
  const open = () =>
    openEmbedded({
      folder,
      settingsFrom: () => ({ read: () => Promise.resolve(settings) }),
      secrets: { read: (ref) => Promise.resolve(ref.kind === 'plain' ? ref.value : PASSWORD) },
      log: options.log ?? silentLog,
      clock,
      random: options.random ?? (() => 0.5),
    });
  return {
    data: folder,
    pop3,
    smtp,
    clock,
    open,
    async runOnce(ids = []) {
      const embedded = await open();
      try {
        return await runOnce(embedded, ids, new AbortController().signal);
      } finally {
        await embedded.close();
      }
    },
    configure(document) {
      settings = settingsOf(document);
    },
    close,
  };
}
