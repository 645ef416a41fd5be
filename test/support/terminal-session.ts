import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

import { MAILFERRY } from './mailferry-command.ts';

/** Joins a new terminal to our pipes, as somebody at a keyboard would have it. */
const RELAY = `
import fcntl, os, pty, select, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 50, 120, 0, 0))
sources = [0, terminal]
while True:
    for source in select.select(sources, [], [])[0]:
        try:
            octets = os.read(source, 65536)
        except OSError:
            octets = b''
        if octets:
            os.write(terminal if source == 0 else 1, octets)
        elif source == 0:
            sources.remove(0)
        else:
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const POLL_MS = 20;
const PATIENCE_MS = 60_000;

export interface TerminalSession {
  /** All that was shown so far, as it came. */
  shown(): string;
  /** Waits until the screen says so, in words that come after those of the wait before. @throws Error with the screen */
  sees(text: string): Promise<void>;
  types(text: string): void;
  /** The exit status. */
  readonly ended: Promise<number | null>;
}

/** Starts the command on a terminal of its own, by Python's module for these. */
export function startOnTerminal(words: readonly string[]): TerminalSession {
  const child = spawn('python3', ['-c', RELAY, process.execPath, MAILFERRY, ...words], {
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '1', CI: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const killAtExit = (): void => {
    child.kill('SIGKILL');
  };
  process.prependOnceListener('exit', killAtExit);
  let output = '';
  let looked = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const screen = (): string => stripVTControlCharacters(output);
  return {
    shown: () => output,
    async sees(text) {
      const until = performance.now() + PATIENCE_MS;
      for (;;) {
        const at = screen().indexOf(text, looked);
        if (at !== -1) {
          looked = at + text.length;
          return;
        }
        if (performance.now() > until) {
          throw new Error(`expected the terminal to show "${text}", got: ${screen().slice(-2000)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    types: (text) => child.stdin.write(text),
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => {
        process.removeListener('exit', killAtExit);
        resolve(status);
      });
    }),
  };
}
