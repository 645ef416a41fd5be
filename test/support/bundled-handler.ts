import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import type { FunctionName } from '../../infra/aws/timings.ts';

const run = promisify(execFile);

/** What the stack sets; the addresses are those of nobody. */
const ENVIRONMENT = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'example',
  AWS_SECRET_ACCESS_KEY: 'example',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  MAILFERRY_STAGE: 'prod',
  MAILFERRY_BUCKET: 'mail',
  MAILFERRY_TABLE: 'ledger',
  MAILFERRY_FETCH_QUEUE: 'http://127.0.0.1:9/000000000000/fetch',
  MAILFERRY_ROUTE_QUEUE: 'http://127.0.0.1:9/000000000000/route',
  MAILFERRY_DELIVER_QUEUE: 'http://127.0.0.1:9/000000000000/deliver',
  MAILFERRY_ALARM_TOPIC: 'arn:aws:sns:eu-central-1:000000000000:alerts',
};

export interface HandlerCall {
  readonly folder: string;
  readonly name: FunctionName;
  readonly event: unknown;
  readonly remainingMs?: number;
  /** How far its clock is ahead of ours, milliseconds. */
  readonly aheadMs?: number;
  /** Instead of what the stack sets. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface HandlerAnswer {
  /** What the handler returned; undefined where it threw. */
  readonly returned?: unknown;
  /** The message of what it threw, at import or when called. */
  readonly thrown?: string;
  /** Lines it wrote on standard output and on standard error. */
  readonly log: readonly string[];
}

/** Calls a bundle's handler once as Lambda does, in a process of its own and with nothing but the stack's environment. */
export async function callBundledHandler(call: HandlerCall): Promise<HandlerAnswer> {
  const url = pathToFileURL(join(call.folder, call.name, 'index.mjs')).href;
  const script = `
    Date.now = ((now) => () => now() + ${call.aheadMs ?? 0})(Date.now);
    const context = { getRemainingTimeInMillis: () => ${call.remainingMs ?? 900_000} };
    let answer;
    try {
      const { handler } = await import(${JSON.stringify(url)});
      answer = { returned: await handler(${JSON.stringify(call.event)}, context) };
    } catch (error) {
      answer = { thrown: error.message };
    }
    process.stdout.write('ANSWER ' + JSON.stringify(answer) + '\\n', () => process.exit());
  `;
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env['PATH'], ...(call.environment ?? ENVIRONMENT) },
  });
  // Lambda takes both to the log.
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line !== '');
  const answer = lines.find((line) => line.startsWith('ANSWER ')) ?? 'ANSWER {}';
  return {
    ...(JSON.parse(answer.slice('ANSWER '.length)) as Omit<HandlerAnswer, 'log'>),
    log: lines.filter((line) => line !== answer),
  };
}
