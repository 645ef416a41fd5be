/** What the command takes from the environment; the one place where it is read. */
export interface Environment {
  /** `MAILFERRY_SECRETS`: path of the secrets file; null: nobody named one. */
  readonly secretsFile: string | null;
  /** Where `MAILFERRY_SECRET_<NAME>` is looked up. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /**
   * `AWS_ENDPOINT_URL`: an emulator instead of AWS. The SDK reads it by itself, as it does the region and the
   * credentials; it stands here for what an emulator needs beside it.
   */
  readonly awsEndpoint: string | null;
}

/** As with mailferry.yaml: the usual name in the working folder needs no option. */
export const DEFAULT_SECRETS_FILE = 'secrets.yaml';

export function readEnvironment(): Environment {
  const named = process.env['MAILFERRY_SECRETS'];
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  return {
    secretsFile: named === undefined || named === '' ? null : named,
    variables: process.env,
    awsEndpoint: endpoint === undefined || endpoint === '' ? null : endpoint,
  };
}
