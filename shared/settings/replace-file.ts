import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { Failure } from '../failure.ts';
import { syncFolder } from '../store/directory-sync.ts';

/**
 * Puts a new text in the place of a file: whoever reads it meanwhile, and whoever looks after a crash, finds the old
 * one or the new one whole. Owner and mode stay; a symbolic link stays one.
 * @param mode of a file that is not there yet
 * @throws Failure `settings`, permanent
 */
export async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  try {
    const target = await realpath(file).catch(() => file);
    const old = await stat(target).catch(() => null);
    const beside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
    try {
      await writeWhole(beside, text, old === null ? mode : old.mode & 0o777, old);
      await rename(beside, target);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
    await syncFolder(dirname(target));
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const expected = 'a file that this user may replace';
    throw new Failure('settings', 'permanent', `${file}: expected ${expected}, got ${got}`);
  }
}

async function writeWhole(
  file: string,
  text: string,
  mode: number,
  owner: { readonly uid: number; readonly gid: number } | null,
): Promise<void> {
  await using handle = await open(file, 'wx', 0o600);
  await handle.writeFile(text);
  // Somebody else's file, edited by root: its reader must still be able to read it.
  if (owner !== null && process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid);
  await handle.chmod(mode);
  await handle.sync();
}
