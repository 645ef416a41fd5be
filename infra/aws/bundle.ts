import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';
import type { Metafile } from 'esbuild';

import { leanLibraries } from './lean-libraries.ts';
import { leanSchemas } from './lean-schemas.ts';
import { FUNCTION_NAMES } from './timings.ts';
import type { FunctionName } from './timings.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Some libraries are CommonJS and ask for Node's own modules by `require`, which ES modules do not have. */
const BANNER = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

/**
 * Ways to credentials that a function never takes: Lambda gives them by its environment, which the SDK asks first. The
 * others are loaded only when that is empty, so leaving them out costs nothing but their size.
 */
const OTHER_CREDENTIALS = [
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/credential-provider-imds',
];

export interface Bundle {
  readonly name: FunctionName;
  /** Octets of the minified files that every start loads. */
  readonly octets: number;
  /** Octets of those that are loaded when they are needed: Amazon SES. */
  readonly laterOctets: number;
}

/**
 * Makes the functions' files, `<folder>/<function>/index.mjs` and what it loads, each with all it needs, the AWS SDK
 * included: Lambda's own copy is loaded file by file, which takes longer, and changes without our doing.
 */
export async function bundle(folder: string): Promise<readonly Bundle[]> {
  return Promise.all(FUNCTION_NAMES.map((name) => bundleOne(folder, name)));
}

async function bundleOne(folder: string, name: FunctionName): Promise<Bundle> {
  await rm(join(folder, name), { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: { index: join(ROOT, 'functions', name, 'handler.ts') },
    outdir: join(folder, name),
    outExtension: { '.js': '.mjs' },
    // What is imported at run time, in files of its own.
    splitting: true,
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // The SDK's ES modules lose what is not used; its CommonJS form keeps everything.
    mainFields: ['module', 'main'],
    external: OTHER_CREDENTIALS,
    plugins: [leanSchemas, leanLibraries],
    banner: { js: BANNER },
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  const files = Object.values(metafile.outputs);
  const all = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const octets = octetsAtStart(metafile);
  return { name, octets, laterOctets: all - octets };
}

/** The entry point and whatever it imports outright. */
function octetsAtStart({ outputs }: Metafile): number {
  const entry = Object.keys(outputs).find((file) =>
    outputs[file]?.entryPoint?.endsWith('handler.ts'),
  );
  const loaded = new Set(entry === undefined ? [] : [entry]);
  // A set that grows while it is gone through hands out what was added.
  for (const file of loaded) {
    for (const { path, kind } of outputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && path in outputs) loaded.add(path);
    }
  }
  return [...loaded].reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0);
}

if (import.meta.main) {
  for (const { name, octets, laterOctets } of await bundle(join(ROOT, 'dist'))) {
    const later = laterOctets === 0 ? '' : `, and ${Math.round(laterOctets / 1000)} KB when needed`;
    process.stdout.write(`${name.padEnd(10)}${Math.round(octets / 1000)} KB${later}\n`);
  }
}
