import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The checkout. */
export const ROOT = join(import.meta.dirname, '../..');

/** Where packed programs lie: in the checkout, and gone with the libraries when these are installed anew. */
export const PACKED = join(ROOT, 'node_modules/.cache/mailferry/packed');

/**
 * A source as it was when a program was packed.
 * @typedef {object} SourceStamp
 * @property {string} path relative to the checkout
 * @property {number} octets
 * @property {number} changedAt milliseconds since the epoch
 */

/**
 * The program of that name in few files, its libraries among them, which starts in half the time of the hundreds of
 * files that it was made of. What is read is what runs: one made of other sources than lie there now does not count.
 * @param {string} name
 * @returns {string | null} its URL; null where there is none, and the sources are to be run
 */
export function packedForm(name, folder = PACKED, root = ROOT) {
  try {
    const sources = readStamps(readFileSync(join(folder, `${name}.json`), 'utf8'));
    const isAsPacked = sources.every((source) => isUnchanged(source, root));
    return isAsPacked ? pathToFileURL(join(folder, `${name}.mjs`)).href : null;
  } catch {
    // Never made, half made, or a source is gone: not worth a word, since the sources do the same.
    return null;
  }
}

/**
 * What `pack` wrote.
 * @type {(text: string) => SourceStamp[]}
 */
const readStamps = JSON.parse;

/**
 * @param {string} path relative to `root`
 * @returns {SourceStamp}
 * @throws when there is no such file
 */
export function stampOf(path, root = ROOT) {
  const { size, mtimeMs } = statSync(join(root, path));
  return { path, octets: size, changedAt: mtimeMs };
}

/**
 * @param {SourceStamp} then
 * @param {string} root
 */
function isUnchanged(then, root) {
  const now = stampOf(then.path, root);
  return now.octets === then.octets && now.changedAt === then.changedAt;
}
