import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { FunctionName } from '../../infra/aws/timings.ts';

/** What is longer than this hangs: every wait of a handler that talks to servers on this machine is shorter. */
const CALL_WITHIN_MS = 90_000;

export interface KillableCall {
  /** Where the bundles lie. */
  readonly folder: string;
  readonly name: FunctionName;
  readonly event: unknown;
  readonly environment: Readonly<Record<string, string>>;
  /** How far the function's time lies ahead of the system's. */
  readonly aheadMs: number;
  /** `kill -9` so long after its start; null: it may end by itself. */
  readonly killAfterMs: number | null;
}

export type CallEnd =
  { readonly kind: 'killed' } | { readonly kind: 'returned'; readonly answer: unknown };

/**
 * Calls a bundle's handler once, in a process of its own that can be killed, at another time: all that it knows of the
 * time is `Date`.
 * @throws Error when the handler threw
 */
export async function callKillable(call: KillableCall): Promise<CallEnd> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', scriptOf(call)], {
    env: { PATH: process.env['PATH'], ...call.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  const killing = setTimeout(kill, call.killAfterMs ?? CALL_WITHIN_MS);
  const [status] = (await once(child, 'close')) as [number | null];
  clearTimeout(killing);
  process.removeListener('exit', kill);
  const lines = Buffer.concat(said).toString('utf8').split('\n');
  const answer = lines.find((line) => line.startsWith('ANSWER '));
  if (status === 0 && answer !== undefined) {
    return { kind: 'returned', answer: JSON.parse(answer.slice('ANSWER '.length)) as unknown };
  }
  if (status === null && call.killAfterMs !== null) return { kind: 'killed' };
  const words = lines.slice(-20).join('\n');
  throw new Error(`expected ${call.name} to return, got status ${String(status)}: ${words}`);
}

function scriptOf({ folder, name, event, aheadMs }: KillableCall): string {
  const url = pathToFileURL(join(folder, name, 'index.mjs')).href;
  return `
    const System = Date;
    globalThis.Date = class extends System {
      constructor(...words) {
        if (words.length === 0) super(System.now() + ${aheadMs});
        else super(...words);
      }
      static now() {
        return System.now() + ${aheadMs};
      }
    };
    const { handler } = await import(${JSON.stringify(url)});
    const context = { getRemainingTimeInMillis: () => 900_000 };
    const answer = (await handler(${JSON.stringify(event)}, context)) ?? null;
    process.stdout.write('ANSWER ' + JSON.stringify(answer) + '\\n', () => process.exit());
  `;
}
