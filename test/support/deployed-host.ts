import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { formatKey } from '../../shared/mail/message-key.ts';
import type { StoryHost } from '../contract/host-story.ts';
import type { EmulatedAccount } from './deployed-stack.ts';
import { runMailferry } from './mailferry-command.ts';
import { install } from './mailferry-run.ts';
import { makeScratchFolder } from './scratch-folder.ts';

/** The first gap is a minute with a tenth of jitter; then a poll of the event source. Milliseconds. */
const RETRIED_WITHIN_MS = 150_000;
const POLL_MS = 500;

/**
 * A stage that is deployed. The account is the caller's: it outlives the host.
 * @param update what an administrator does to update the stage
 */
export function makeDeployedHost(
  account: EmulatedAccount,
  stage: string,
  update: () => Promise<unknown>,
): StoryHost {
  const scratch = makeScratchFolder('host');
  const command = (words: readonly string[]) =>
    runMailferry([...words, '--stage', stage], account.ministack.environment);
  return {
    async configure(document, secrets) {
      const { common } = install(join(scratch.path, 'written'), document, secrets);
      // The commands of a stage know no data folder.
      const [config, secretsFile] = [common.slice(0, 2), common.slice(4)];
      const { status, stderr } = await command(['config', 'push', ...config, ...secretsFile]);
      if (status === 0) return;
      throw new Error(
        `expected mailferry config push to end with status 0, got ${String(status)}: ${stderr}`,
      );
    },
    command,
    async parked(key) {
      const report = await account.object(stage, `Failed/${formatKey(key)}.json`);
      const copy = await account.object(stage, `Failed/${formatKey(key)}.eml`);
      return { copy, report: JSON.parse(report.toString('utf8')) as unknown };
    },
    async update() {
      await update();
    },
    // By itself: nobody asks.
    async passFirstGap(arrived) {
      const until = performance.now() + RETRIED_WITHIN_MS;
      while (!arrived() && performance.now() < until) await pause(POLL_MS);
    },
    async traces() {
      return new Map([
        ['the logs of the functions', account.ministack.log()],
        ['the ledger', await account.ledger(stage)],
      ]);
    },
    [Symbol.asyncDispose]() {
      scratch.remove();
      return Promise.resolve();
    },
  };
}
