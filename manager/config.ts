import { existsSync } from 'node:fs';

/** What the command takes from the environment; the one place where it is read. */
export interface Environment {
  /** `MAILFERRY_SECRETS`: path of the secrets file. */
  readonly secretsFile: string | null;
  /** Where `MAILFERRY_SECRET_<NAME>` is looked up. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /**
   * `AWS_ENDPOINT_URL`: an emulator instead of AWS. The SDK reads it by itself, as it does the region and the
   * credentials; it stands here for what an emulator needs beside it.
   */
  readonly awsEndpoint: string | null;
}

/**
 * Threads in which Node waits for the disk, unless somebody has set another number. Its own four let four syncs share
 * a commit of the file system's journal, and a group of mail has dozens (docs/benchmarks.md). Read when the first of
 * them starts, so this comes before all else.
 */
const DISK_THREADS = '16';

export function useManyDiskThreads(): void {
  process.env['UV_THREADPOOL_SIZE'] ??= DISK_THREADS;
}

/** As with mailferry.yaml: the usual name in the working folder needs no option. */
export const DEFAULT_SECRETS_FILE = 'secrets.yaml';

export function readEnvironment(): Environment {
  const named = process.env['MAILFERRY_SECRETS'];
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  const usual = existsSync(DEFAULT_SECRETS_FILE) ? DEFAULT_SECRETS_FILE : null;
  return {
    secretsFile: named === undefined || named === '' ? usual : named,
    variables: process.env,
    awsEndpoint: endpoint === undefined || endpoint === '' ? null : endpoint,
  };
}
