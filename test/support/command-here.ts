import { Readable } from 'node:stream';

import { main } from '../../manager/program.ts';
import { captureOutput } from './captured-output.ts';
import type { CommandResult } from './mailferry-command.ts';

/**
 * The command's own code within this process: a new one costs the better part of a second each. What only a process of
 * its own shows (signals, exit, file mode mask) needs `runMailferry`. One at a time.
 * @param input what stands on its standard input
 */
export async function commandHere(words: readonly string[], input = ''): Promise<CommandResult> {
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin');
  const output = captureOutput();
  Object.defineProperty(process, 'stdin', {
    configurable: true,
    value: Readable.from(input === '' ? [] : [Buffer.from(input)]),
  });
  try {
    const status = await main(words);
    return { status, signal: null, stdout: output.stdout(), stderr: output.stderr() };
  } finally {
    if (stdin !== undefined) Object.defineProperty(process, 'stdin', stdin);
    output.restore();
  }
}
