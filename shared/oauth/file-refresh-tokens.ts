import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { Failure } from '../failure.ts';
import type { SecretRef, Secrets } from '../settings/settings.ts';
import { syncFolder } from '../store/directory-sync.ts';
import type { RefreshToken, RefreshTokens } from './refresh-tokens.ts';
import { tokenDigest } from './refresh-tokens.ts';

export interface FileRefreshTokensOptions {
  /** A folder of its own in the data folder; made when it is needed. */
  readonly folder: string;
  /** Where the configured tokens stand. */
  readonly secrets: Secrets;
}

const record = z.object({
  /** Digest of the configured token that this one came from. */
  origin: z.string(),
  token: z.string().min(1),
});

/**
 * Refresh tokens of the embedded host: the configured one stands in the secrets, which are the administrator's, a
 * rotated one in a file of the data folder (0600) that names which configured one it replaces.
 */
export function fileRefreshTokens(options: FileRefreshTokensOptions): RefreshTokens {
  return new FileRefreshTokens(options);
}

class FileRefreshTokens implements RefreshTokens {
  readonly #folder: string;
  readonly #secrets: Secrets;

  constructor({ folder, secrets }: FileRefreshTokensOptions) {
    this.#folder = folder;
    this.#secrets = secrets;
  }

  async read(ref: SecretRef): Promise<RefreshToken> {
    const configured = await this.#secrets.read(ref);
    const origin = tokenDigest(configured);
    const rotated = await this.#readFile(this.#fileOf(ref));
    return { value: rotated?.origin === origin ? rotated.token : configured, origin };
  }

  async replace(ref: SecretRef, used: string, next: string): Promise<'kept' | 'superseded'> {
    const { value, origin } = await this.read(ref);
    if (value !== used) return 'superseded';
    const file = this.#fileOf(ref);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#write(file, JSON.stringify({ origin, token: next }));
      return 'kept';
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      const words = `${file}: expected a file that can be written, got: ${got}`;
      throw new Failure('secret', 'temporary', words, { cause: error });
    }
  }

  /** Null where there is none, or nothing that can be read: the configured token counts then. */
  async #readFile(file: string): Promise<z.infer<typeof record> | null> {
    try {
      return record.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch {
      return null;
    }
  }

  /** Whole or not at all, also over a power loss. */
  async #write(file: string, text: string): Promise<void> {
    const beside = `${file}.${randomUUID()}`;
    try {
      await using handle = await open(beside, 'wx', 0o600);
      await handle.writeFile(`${text}\n`);
      await handle.sync();
      await rename(beside, file);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
    await syncFolder(this.#folder);
  }

  /** A token that stands plainly in the configuration has no name but what it is; no secret's name begins with `_`. */
  #fileOf(ref: SecretRef): string {
    const name = ref.kind === 'named' ? ref.name : `_${tokenDigest(ref.value).slice(0, 32)}`;
    return join(this.#folder, `${name}.json`);
  }
}
