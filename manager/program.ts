import { Command, CommanderError } from 'commander';

import manifest from '../package.json' with { type: 'json' };
import { asFailure } from '../shared/failure.ts';
import { check } from './commands/check.ts';
import type { CheckOptions } from './commands/check.ts';
import { diffConfiguration, pullConfiguration, pushConfiguration } from './commands/config.ts';
import { explain } from './commands/explain.ts';
import type { ExplainOptions } from './commands/explain.ts';
import { fetchNow } from './commands/fetch.ts';
import { run } from './commands/run.ts';
import type { RunOptions } from './commands/run.ts';
import { showStatus } from './commands/status.ts';
import { traceMail } from './commands/trace.ts';
import { common } from './common-options.ts';
import type { CommonOptions } from './context.ts';
import { NOT_WELL, UsageError, WELL, WRONG_USE } from './exit-status.ts';
import { addFailed } from './failed-program.ts';
import { addDoctor, addLogCommands, addMailboxCommands } from './mailbox-program.ts';
import { printJson, say } from './output.ts';

/**
 * The `mailferry` command.
 * @returns the exit status
 */
export async function main(words: readonly string[]): Promise<number> {
  let status = WELL;
  const program = makeProgram((next) => {
    status = next;
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return status;
  } catch (error) {
    return explainFailure(error, words.includes('--json'));
  }
}

function makeProgram(end: (status: number) => void): Command {
  const program = new Command('mailferry')
    .description('fetches mail from POP3 mailboxes and hands it to your own mail system')
    .version(manifest.version)
    .exitOverride()
    .showSuggestionAfterError();

  common(program.command('run'))
    .description('run the connector until stopped, or once')
    .option('--once', 'fetch every mailbox once, drain what is due, print the summary, and end')
    .action(async (options: RunOptions) => {
      end(await run(options));
    });
  common(program.command('check'))
    .description(
      'say everything that is wrong with the configuration, and what its presets stand for',
    )
    .option('--presets', 'list the presets for recipientSource and what they stand for')
    .action(async (options: CheckOptions) => {
      end(await check(options));
    });
  common(program.command('explain'))
    .description('show the routing decision for a message, and why; sends nothing')
    .argument('[FILE.eml]')
    .option('--mailbox <ID>', 'the mailbox that it came from')
    .option('--key <KEY>', 'a message in the store')
    .option('--last <N>', 'the newest N messages on the server')
    .action(async (file: string | undefined, options: ExplainOptions) => {
      end(await explain(file, options));
    });
  common(program.command('fetch'))
    .description('fetch now')
    .argument('[mailbox...]')
    .action(async (ids: string[], options: CommonOptions) => {
      end(await fetchNow(options, ids));
    });
  common(program.command('status'))
    .description('show mailboxes, queues, what waits and what failed')
    .action(async (options: CommonOptions) => {
      end(await showStatus(options));
    });
  addDoctor(program, end);
  addMailboxCommands(program, end);
  common(program.command('trace'))
    .description('where is my mail: from fetch to the last reply')
    .argument('<QUERY>', 'a Message-ID, an address of sender or recipient, or a key')
    .action(async (query: string, options: CommonOptions) => {
      end(await traceMail(query, options));
    });
  addFailed(program, end);
  addConfig(program, end);
  addLogCommands(program, end);
  return program;
}

function addConfig(program: Command, end: (status: number) => void): void {
  const config = program
    .command('config')
    .description('move the configuration between a YAML file and a deployment on AWS')
    .exitOverride();
  const commands = [
    ['push', 'write what differs from the file into the deployment', pushConfiguration],
    ['pull', "write the deployment's configuration into a new file", pullConfiguration],
    ['diff', 'show what push would change; status 1 when anything', diffConfiguration],
  ] as const;
  for (const [name, description, work] of commands) {
    common(config.command(name))
      .description(description)
      .action(async (options: CommonOptions) => {
        end(await work(options));
      });
  }
}

/**
 * Says what went wrong, to people and, with `--json`, as the one document on standard output.
 * @returns the exit status
 */
function explainFailure(error: unknown, asJson: boolean): number {
  // Commander has said its own words already; its help ends with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? WELL : WRONG_USE;
  const { kind, message } = error instanceof UsageError ? usage(error) : asFailure(error);
  say(kind === 'usage' ? message : `${kind}: ${message}`);
  if (asJson) printJson({ error: { kind, message } });
  return ['usage', 'settings', 'secret'].includes(kind) ? WRONG_USE : NOT_WELL;
}

function usage({ message }: UsageError): { kind: 'usage'; message: string } {
  return { kind: 'usage', message };
}
