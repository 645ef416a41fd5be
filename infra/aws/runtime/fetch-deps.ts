import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FetchDeps } from '../../../functions/fetch/fetch-mailbox.ts';
import { systemClock } from '../../../shared/clock.ts';
import { OAuthAccessTokens } from '../../../shared/oauth/oauth-access-tokens.ts';
import { ssmRefreshTokens } from '../../../shared/oauth/ssm-refresh-tokens.ts';
import { postForm } from '../../../shared/oauth/token-endpoint.ts';
import { Pop3Opener } from '../../../shared/pop3/opener.ts';
import { createSpool } from '../../../shared/store/spool-writer.ts';
import { stageAlarmTopic } from './alarm-topic.ts';
import { readEnvironment } from './config.ts';
import { functionLog } from './function-log.ts';
import type { FunctionLog } from './function-log.ts';
import { helloName } from './hello-name.ts';
import { stageLedger } from './ledger.ts';
import { stageMailStore } from './mail-store.ts';
import { readLoopKey } from './loop-key.ts';
import { stageSettings } from './settings.ts';

export function fetchDeps(): FetchDeps & { readonly log: FunctionLog } {
  const clock = systemClock;
  const log = functionLog();
  const { mailboxes, messages, uidls, settingsMemory } = stageLedger(() =>
    configured.settings.read(),
  );
  const configured = stageSettings({ memory: settingsMemory, clock, log, addressKey: true });
  const { settings, secrets, place } = configured;
  const refreshTokens = ssmRefreshTokens(place);
  const spool = emptySpoolFolder();
  return {
    settings,
    secrets,
    // Lives as long as the sandbox: one that is kept warm asks for a token once an hour, a new one asks anew.
    tokens: new OAuthAccessTokens({ secrets, refreshTokens, post: postForm(clock), clock, log }),
    credentialsKey: () => readLoopKey(secrets),
    hostName: helloName(readEnvironment('stage').stage),
    store: stageMailStore(),
    alarms: stageAlarmTopic(),
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
