import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FetchDeps } from '../../../functions/fetch/fetch-mailbox.ts';
import { systemClock } from '../../../shared/clock.ts';
import { Pop3Opener } from '../../../shared/pop3/opener.ts';
import { createSpool } from '../../../shared/store/spool-writer.ts';
import { readEnvironment } from './config.ts';
import { functionLog } from './function-log.ts';
import type { FunctionLog } from './function-log.ts';
import { helloName } from './hello-name.ts';
import { stageLedger } from './ledger.ts';
import { stageMailStore } from './mail-store.ts';
import { readLoopKey, stageSettings } from './settings.ts';

export function fetchDeps(): FetchDeps & { readonly log: FunctionLog } {
  const clock = systemClock;
  const log = functionLog();
  const { mailboxes, messages, uidls, settingsMemory } = stageLedger(() =>
    configured.settings.read(),
  );
  const configured = stageSettings({ memory: settingsMemory, clock, log, addressKey: true });
  const spool = emptySpoolFolder();
  return {
    ...configured,
    credentialsKey: () => readLoopKey(configured.secrets),
    hostName: helloName(readEnvironment('stage').stage),
    store: stageMailStore(),
    mailboxes,
    messages,
    uidls,
    opener: new Pop3Opener(clock),
    newSpool: () => createSpool(spool),
    newToken: randomUUID,
    random: Math.random,
    clock,
    log,
  };
}

/**
 * A process that Lambda ended leaves its temporary files to the next one in the same sandbox. The name carries the
 * process id, since an emulator runs several functions in one file system.
 */
function emptySpoolFolder(): string {
  const folder = join(tmpdir(), `mailferry-spool-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
