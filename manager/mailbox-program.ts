import type { Command } from 'commander';

import { doctor } from './commands/doctor.ts';
import type { DoctorOptions } from './commands/doctor.ts';
import { logLevel } from './commands/log-level.ts';
import { addMailbox } from './commands/mailbox-add.ts';
import type { MailboxAddOptions } from './commands/mailbox-add.ts';
import { editMailbox } from './commands/mailbox-edit.ts';
import type { MailboxEditOptions } from './commands/mailbox-edit.ts';
import { listMailboxes } from './commands/mailbox-list.ts';
import { removeMailbox } from './commands/mailbox-remove.ts';
import type { MailboxRemoveOptions } from './commands/mailbox-remove.ts';
import { testMailboxes } from './commands/mailbox-test.ts';
import { common } from './common-options.ts';
import type { CommonOptions } from './context.ts';

type End = (status: number) => void;

const ASK = 'another secret to ask for: oauth.clientSecret or oauth.refreshToken; may be repeated';

/** `mailferry mailbox …` */
export function addMailboxCommands(program: Command, end: End): void {
  const mailbox = program.command('mailbox').description('manage mailboxes').exitOverride();
  common(mailbox.command('list'))
    .description('show the mailboxes of the configuration')
    .action(async (options: CommonOptions) => {
      end(await listMailboxes(options));
    });
  addAdd(mailbox, end);
  addTest(mailbox, end);
  common(mailbox.command('edit'))
    .description('change settings of a mailbox: key=value, or key= for the default')
    .argument('<mailbox>')
    .argument('[key=value...]')
    .option('--password', 'ask for a new password, or read it from standard input')
    .option('--ask <SETTING>', ASK, collected)
    .option('--secret <NAME>', 'name of the secret to write')
    .action(async (id: string, words: string[], options: MailboxEditOptions) => {
      end(await editMailbox(options, id, words));
    });
  common(mailbox.command('remove'))
    .description('take a mailbox out of the configuration')
    .argument('<mailbox>')
    .option('--yes', 'do not ask')
    .action(async (id: string, options: MailboxRemoveOptions) => {
      end(await removeMailbox(options, id));
    });
}

function addTest(mailbox: Command, end: End): void {
  common(mailbox.command('test'))
    .description('log in, list and leave; ends a suspension when it succeeds')
    .argument('<mailbox>')
    .action(async (id: string, options: CommonOptions) => {
      end(await testMailboxes(options, id));
    });
}

function addAdd(mailbox: Command, end: End): void {
  common(mailbox.command('add'))
    .description('add a mailbox; on a terminal it asks for what is not given')
    .argument('<mailbox>', 'its id')
    .argument('[key=value...]', 'further settings')
    .option('--type <TYPE>', 'user or global')
    .option('--host <HOST>', 'POP3 server')
    .option('--port <PORT>')
    .option('--tls <TLS>', 'implicit, starttls or none')
    .option('--username <NAME>')
    .option('--auth <MECHANISM>')
    .option('--schedule <SCHEDULE>', 'such as "every 5m"')
    .option('--keep <KEEP>', 'none, delivered, forever, or an age such as 7d')
    .option('--deliver-to <ADDRESSES>', 'of a user mailbox; separated by commas')
    .option('--recipient-source <SOURCES>', 'of a global mailbox; separated by commas')
    .option('--ignore <ADDRESSES>', 'of a global mailbox; separated by commas')
    .option('--secret <NAME>', 'name of the secret for its password (default: its id)')
    .option('--ask <SETTING>', ASK, collected)
    .action(async (id: string, words: string[], options: MailboxAddOptions) => {
      end(await addMailbox(options, id, words));
    });
}

/** `mailferry doctor` */
export function addDoctor(program: Command, end: End): void {
  common(program.command('doctor'))
    .description('connect to mailboxes and destination, and say what to change; sends nothing')
    .argument('[mailbox...]')
    .option('--force', 'log in to suspended mailboxes as well')
    .action(async (ids: string[], options: DoctorOptions) => {
      end(await doctor(options, ids));
    });
}

/** `mailferry log …` */
export function addLogCommands(program: Command, end: End): void {
  const log = program.command('log').description('logging').exitOverride();
  common(log.command('level'))
    .description('show the level of logging, or set it: debug, info, warn, error')
    .argument('[level]')
    .action(async (level: string | undefined, options: CommonOptions) => {
      end(await logLevel(options, level));
    });
}

function collected(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
