import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { asFailure } from '../../shared/failure.ts';
import { isPem } from '../../shared/settings/certificate-authority.ts';
import { isBlock } from '../../shared/settings/schema-fields.ts';
import { readSettingsFile } from '../../shared/settings/settings-file.ts';
import type { SecretRef, Secrets } from '../../shared/settings/settings.ts';
import type { Configuration } from '../../shared/settings/ssm-tree.ts';
import { requireSoundConfiguration } from '../context.ts';
import type { Context } from '../context.ts';
import { say } from '../output.ts';

/**
 * The configuration file as a deployment takes it: checked, with the certificates that it names in it, and with the
 * values of its secrets.
 * @param stored the deployment's secrets: one that is not at hand here may be there already
 * @throws UsageError with every error of the configuration
 */
export async function configurationFor(context: Context, stored: Secrets): Promise<Configuration> {
  const collected = new CollectedSecrets(context.secrets, stored);
  await requireSoundConfiguration({ ...context, secrets: collected }, true);
  for (const words of collected.kept) say(`warning: ${words}`);
  const { config } = context.options;
  const { document } = await readSettingsFile(config);
  return { document: withAuthorities(document, dirname(config)), secrets: collected.values };
}

/** Reads each secret here, else in the deployment, and remembers those that were here. */
class CollectedSecrets implements Secrets {
  readonly values = new Map<string, string>();
  /** Why the deployment keeps what it has, a line a secret. */
  readonly kept: string[] = [];
  readonly #here: Secrets;
  readonly #stored: Secrets;

  constructor(here: Secrets, stored: Secrets) {
    this.#here = here;
    this.#stored = stored;
  }

  async read(ref: SecretRef): Promise<string> {
    if (ref.kind === 'plain') return ref.value;
    try {
      const value = await this.#here.read(ref);
      this.values.set(ref.name, value);
      return value;
    } catch (error) {
      const value = await this.#stored.read(ref).catch(() => {
        // What is wrong here is what the caller can mend.
        throw error;
      });
      this.kept.push(`${asFailure(error).message}; the deployment keeps the one it has`);
      return value;
    }
  }
}

/** Functions have no files: a certificate stands in the parameter itself. The file has been checked. */
export function withAuthorities(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withAuthorities(item, folder));
  if (!isBlock(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    key === 'ca' && typeof item === 'string' && !isPem(item)
      ? readFileSync(resolve(folder, item), 'latin1')
      : withAuthorities(item, folder),
  ]);
  return Object.fromEntries(entries) as unknown;
}
