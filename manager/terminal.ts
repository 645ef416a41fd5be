import { text as readAll } from 'node:stream/consumers';

import { UsageError } from './exit-status.ts';

/** Questions to people; everything is shown on standard error, since standard output is for JSON. */
export interface Terminal {
  text(question: string, usual?: string): Promise<string>;
  /** Not shown while it is typed. */
  secret(question: string): Promise<string>;
  choose<Value extends string>(question: string, choices: readonly Choice<Value>[]): Promise<Value>;
  confirm(question: string): Promise<boolean>;
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly name: string;
}

/** @returns null where there is nobody to ask: a script, a pipe */
export function openTerminal(): Terminal | null {
  return process.stdin.isTTY && process.stderr.isTTY ? terminal : null;
}

/** Loaded when somebody is asked: most commands ask nothing. */
const terminal: Terminal = {
  async text(question, usual) {
    const { default: ask } = await import('@inquirer/input');
    const config = usual === undefined ? {} : { default: usual };
    return answered(ask({ message: question, ...config }, CONTEXT));
  },
  async secret(question) {
    const { default: ask } = await import('@inquirer/password');
    return answered(ask({ message: question, mask: false }, CONTEXT));
  },
  async choose(question, choices) {
    const { default: ask } = await import('@inquirer/select');
    return answered(ask({ message: question, choices }, CONTEXT));
  },
  async confirm(question) {
    const { default: ask } = await import('@inquirer/confirm');
    return answered(ask({ message: question, default: false }, CONTEXT));
  },
};

const CONTEXT = { output: process.stderr };

/** Ctrl-C at a question ends the command, and is no fault of the program. */
async function answered<Answer>(question: Promise<Answer>): Promise<Answer> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') {
      throw new UsageError('stopped; nothing was changed');
    }
    throw error;
  }
}

/**
 * Secrets: asked for on a terminal, else a line each of standard input.
 * @returns in the order asked; an empty text where nothing was given
 */
export async function readSecrets(questions: readonly string[]): Promise<readonly string[]> {
  const asking = openTerminal();
  if (asking !== null) {
    const secrets: string[] = [];
    for (const question of questions) secrets.push(await asking.secret(question));
    return secrets;
  }
  if (process.stdin.isTTY) {
    throw new UsageError(
      'expected a terminal on standard error to ask for the password, or the password on standard input',
    );
  }
  const lines = (await readAll(process.stdin)).split(/\r?\n/);
  return questions.map((_, at) => lines[at] ?? '');
}
