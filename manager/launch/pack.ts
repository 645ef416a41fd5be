import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';

import { noFetching } from '../../infra/aws/lean-libraries.ts';
import { PACKED, ROOT, stampOf } from './packed-form.js';

/** Some libraries are CommonJS and ask for Node's own modules by `require`, which ES modules do not have. */
const BANNER = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

/** Says which libraries are installed. */
const LOCK_FILE = 'package-lock.json';

/**
 * Packs a program for `packedForm`: what it imports outright into one file, what it imports when needed into others.
 * @param entry its source, relative to the checkout
 */
export async function pack(name: string, entry: string, folder = PACKED): Promise<void> {
  const stamps = join(folder, `${name}.json`);
  await mkdir(folder, { recursive: true });
  // Until the end it does not count: who starts it meanwhile runs the sources.
  await rm(stamps, { force: true });
  const { metafile } = await build({
    entryPoints: { [name]: join(ROOT, entry) },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    chunkNames: `${name}-[name]-[hash]`,
    splitting: true,
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // It would load Node's web server and client at each start.
    plugins: [noFetching],
    banner: { js: BANNER },
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  const own = Object.keys(metafile.inputs).filter((path) => !path.startsWith('node_modules/'));
  await writeFile(stamps, JSON.stringify([...own, LOCK_FILE].map((path) => stampOf(path))));
}
