import { readFileSync } from 'node:fs';

import { openEmbedded } from '../../infra/local/embedded.ts';
import { runOnce } from '../../infra/local/run-once.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLog } from '../../shared/observe/pino-log.ts';
import { PASSWORD } from './provider-and-server.ts';
import { settingsOf } from './sample-settings.ts';

/**
 * The embedded host in a process of its own, which can be killed: one run on a folder, at a time that lies ahead of the
 * system's, so that what waits for hours is due. Says `open` when the folder is its own.
 */
const [, , folder = '', settingsFile = '', aheadMs = '0'] = process.argv;
const settings = settingsOf(JSON.parse(readFileSync(settingsFile, 'utf8')));
const embedded = await openEmbedded({
  folder,
  settingsFrom: () => ({ read: () => Promise.resolve(settings) }),
  secrets: { read: () => Promise.resolve(PASSWORD) },
  log: silentLog,
  clock: { now: () => systemClock.now() + Number(aheadMs) },
});
process.stdout.write('open\n');
await runOnce(embedded, [], new AbortController().signal);
await embedded.close();
