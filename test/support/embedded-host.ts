import { join } from 'node:path';

import { formatKey } from '../../shared/mail/message-key.ts';
import type { StoryHost } from '../contract/host-story.ts';
import { contentOf, filesBesideMail } from './data-folder-files.ts';
import { runMailferry } from './mailferry-command.ts';
import { install } from './mailferry-run.ts';
import type { Installation } from './mailferry-run.ts';
import { makeScratchFolder } from './scratch-folder.ts';

/** Beyond the first gap, which is a minute with a tenth of jitter. Milliseconds. */
const AFTER_FIRST_GAP_MS = 120_000;

/** The command on a data folder of its own; no connector runs between two commands. */
export function makeEmbeddedHost(): StoryHost {
  const scratch = makeScratchFolder('host');
  const folder = join(scratch.path, 'installed');
  let installed: Installation = install(folder, {}, {});
  let environment: Readonly<Record<string, string>> = {};
  const command = (words: readonly string[]) =>
    runMailferry([...words, ...installed.common], environment);
  return {
    configure(document, secrets) {
      installed = install(folder, document, secrets);
      return Promise.resolve();
    },
    command,
    parked(key) {
      const { dataFolder } = installed;
      const report = contentOf(dataFolder, 'Failed', `${formatKey(key)}.json`).toString('utf8');
      const copy = contentOf(dataFolder, 'Failed', `${formatKey(key)}.eml`);
      return Promise.resolve({ copy, report: JSON.parse(report) as unknown });
    },
    // Every command starts the program from its files: what runs next is the new one.
    update: () => Promise.resolve(),
    async passFirstGap(arrived) {
      // For good: time that went back would make what it wrote meanwhile lie in the future.
      environment = { NODE_OPTIONS: clockAheadBy(AFTER_FIRST_GAP_MS) };
      const { status, stderr } = await command(['run', '--once']);
      if (arrived()) return;
      throw new Error(
        `expected the message that waits to be sent after its gap by mailferry run --once, which ended with status ${String(status)}: ${stderr}`,
      );
    },
    traces: () => Promise.resolve(filesBesideMail(installed.dataFolder)),
    [Symbol.asyncDispose]() {
      scratch.remove();
      return Promise.resolve();
    },
  };
}

/**
 * The option of Node that lets the program believe it is later: the real command keeps its real clock, `Date.now`,
 * on a machine whose time was set forward; nobody waits a minute for it.
 */
function clockAheadBy(ms: number): string {
  const program = `const now = Date.now; Date.now = () => now() + ${ms};`;
  return `--import=data:text/javascript,${encodeURIComponent(program)}`;
}
