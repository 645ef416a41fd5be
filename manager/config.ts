import { existsSync } from 'node:fs';

/** What the command takes from the environment; the one place where it is read. */
export interface Environment {
  /** `MAILFERRY_SECRETS`: path of the secrets file. */
  readonly secretsFile: string | null;
  /** Where `MAILFERRY_SECRET_<NAME>` is looked up. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_SECRETS_FILE = 'secrets.yaml';

export function readEnvironment(): Environment {
  const named = process.env['MAILFERRY_SECRETS'];
  // As with mailferry.yaml: the usual name in the working folder needs no option.
  const usual = existsSync(DEFAULT_SECRETS_FILE) ? DEFAULT_SECRETS_FILE : null;
  return {
    secretsFile: named === undefined || named === '' ? usual : named,
    variables: process.env,
  };
}
