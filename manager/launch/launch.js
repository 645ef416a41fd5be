import { keepCompiled } from './compile-cache.js';
import { useManyDiskThreads } from './disk-threads.js';
import { packedForm } from './packed-form.js';

/**
 * Runs a program in the form that starts soonest. This folder is JavaScript as far as a start reads it: the first file
 * with types makes Node load what strips them, which takes longer than all the rest of a packed program.
 * @param {string} name under which it was packed
 * @param {() => Promise<unknown>} importSources runs it from its sources
 */
export async function launch(name, importSources) {
  useManyDiskThreads();
  keepCompiled();
  const packed = packedForm(name);
  await (packed === null ? importSources() : import(packed));
}
