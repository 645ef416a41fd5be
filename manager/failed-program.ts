import type { Command } from 'commander';

import { listFailedMail, showFailedMail } from './commands/failed-list.ts';
import { removeFailedMail } from './commands/failed-remove.ts';
import type { RemoveOptions } from './commands/failed-remove.ts';
import { retryFailedMail } from './commands/failed-retry.ts';
import type { RetryOptions } from './commands/failed-retry.ts';
import { common } from './common-options.ts';
import type { CommonOptions } from './context.ts';
import type { SelectionOptions } from './failed-selection.ts';

type End = (status: number) => void;

/** `mailferry failed …` */
export function addFailed(program: Command, end: End): void {
  const failed = program
    .command('failed')
    .description('show, try again or remove what could not be delivered, and what is held')
    .exitOverride();
  selecting(common(failed.command('list')))
    .description('list what lies in Failed/; status 1 while there is anything')
    .action(async (options: SelectionOptions) => {
      end(await listFailedMail(options));
    });
  common(failed.command('show'))
    .description('show one: reasons, replies, the session in which it was refused')
    .argument('<KEY>', 'MAILBOX/SHA256, or at least 8 digits of it')
    .action(async (key: string, options: CommonOptions) => {
      end(await showFailedMail(key, options));
    });
  ordering(selecting(common(failed.command('retry'))))
    .description('try again: those who did not get it, and nobody else')
    .option('--rules <current|kept>', 'current: route it anew, by the settings as they are now')
    .option('--no-wait', 'do not wait for the outcome')
    .action(async (keys: string[], options: RetryOptions) => {
      end(await retryFailedMail(keys, options));
    });
  ordering(selecting(common(failed.command('remove'))))
    .description('remove for good')
    .option('--yes', 'do not ask')
    .action(async (keys: string[], options: RemoveOptions) => {
      end(await removeFailedMail(keys, options));
    });
}

function selecting(command: Command): Command {
  return command
    .option('--mailbox <ID>', 'of this mailbox')
    .option('--since <TIME>', 'failed since then: 12h, 7d, 2026-03-01, 2026-03-01T08:00Z')
    .option('--reason <WORD>', 'refused, expired, internal, held, or a reply code: 550, 5.1.1');
}

function ordering(command: Command): Command {
  return command
    .argument('[KEY...]', 'MAILBOX/SHA256, or at least 8 digits of it')
    .option('--all', 'all there are')
    .option('--dry-run', 'say what would be done, and do nothing');
}
