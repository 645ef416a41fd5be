import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { buildSync } from 'esbuild';

import { bundle } from '../../infra/aws/bundle.ts';
import type { FunctionName } from '../../infra/aws/timings.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';

/**
 * Cold import of each function's bundle, beside a bundle of nothing but the SDK clients it uses: the median of fresh
 * processes, started in turn so that a busy machine slows both alike. The budget is a ratio of 2.
 */
const ROUNDS = 15;
const ROOT = join(import.meta.dirname, '../..');

const CLIENTS: Readonly<Record<FunctionName, readonly string[]>> = {
  dispatch: ['DynamoDB', 'SSM', 'SQS'],
  fetch: ['S3', 'DynamoDB', 'SSM'],
  route: ['S3', 'DynamoDB', 'SSM', 'SQS'],
  deliver: ['S3', 'DynamoDB', 'SSM', 'SQS'],
  sweep: ['S3', 'DynamoDB', 'SQS'],
  api: ['S3', 'DynamoDB', 'SQS', 'SSM'],
};

const ENVIRONMENT = {
  ...process.env,
  AWS_REGION: 'eu-central-1',
  MAILFERRY_STAGE: 'bench',
  MAILFERRY_BUCKET: 'bench',
  MAILFERRY_TABLE: 'bench',
  MAILFERRY_FETCH_QUEUE: 'http://127.0.0.1:9/0/fetch',
  MAILFERRY_ROUTE_QUEUE: 'http://127.0.0.1:9/0/route',
  MAILFERRY_DELIVER_QUEUE: 'http://127.0.0.1:9/0/deliver',
  MAILFERRY_ALARM_TOPIC: 'arn:aws:sns:eu-central-1:123456789012:bench',
};

/** @returns milliseconds of `import()` in a process that has done nothing before */
function importTime(file: string): number {
  const url = JSON.stringify(pathToFileURL(file).href);
  const script = `const begun = performance.now(); await import(${url}); process.stdout.write(String(performance.now() - begun), () => process.exit());`;
  const options = { env: ENVIRONMENT, encoding: 'utf8' } as const;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], options));
}

/** A bundle made as the functions' are, that imports the clients and makes one of each. */
function bareClients(folder: string, name: FunctionName): string {
  const file = join(folder, `${name}.mjs`);
  const lines = CLIENTS[name].flatMap((client) => [
    `import { ${client}Client } from '@aws-sdk/client-${client.toLowerCase()}';`,
    `export const a${client} = new ${client}Client({});`,
  ]);
  const entry = join(folder, `${name}-clients.js`);
  writeFileSync(entry, lines.join('\n'));
  buildSync({
    entryPoints: [entry],
    outfile: file,
    nodePaths: [join(ROOT, 'node_modules')],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
  });
  return file;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const scratch = makeScratchFolder('cold-import');
const bundles = await bundle(join(scratch.path, 'functions'));
console.log('function   KB    ms   clients alone: KB    ms   ratio (budget 2)');
for (const { name, octets } of bundles) {
  const ourFile = join(scratch.path, 'functions', name, 'index.mjs');
  const files = [ourFile, bareClients(scratch.path, name)] as const;
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(importTime(files[0]));
    bare.push(importTime(files[1]));
  }
  // With the files that the first one imports outright.
  const kilobytes = Math.round(octets / 1000);
  const bareKilobytes = Math.round(statSync(files[1]).size / 1000);
  const ratio = median(ours) / median(bare);
  console.log(
    [
      name.padEnd(10),
      String(kilobytes).padStart(3),
      median(ours).toFixed(0).padStart(5),
      String(bareKilobytes).padStart(19),
      median(bare).toFixed(0).padStart(5),
      ratio.toFixed(2).padStart(7),
    ].join(' '),
  );
}
scratch.remove();
