import type { Clock } from '../clock.ts';
import { Failure } from '../failure.ts';
import { hasForbiddenOctet } from './schema-value.ts';
import type { SecretRef, Secrets } from './settings.ts';
import { readParameter, rootOf, SSM_CACHE_MS } from './ssm-parameters.ts';
import type { SsmStage } from './ssm-parameters.ts';
import { mayContinue } from './ssm-parts.ts';

export interface SsmSecretsOptions extends SsmStage {
  readonly clock: Clock;
  /** How long a secret is used before it is read again, milliseconds. */
  readonly cacheMs?: number;
}

/** Secrets of a deployment: the SecureStrings `/mailferry/<stage>/secrets/<name>`. */
export function ssmSecrets(options: SsmSecretsOptions): Secrets {
  return new SsmSecrets(options);
}

interface KnownSecret {
  readonly value: Promise<string>;
  readonly readAt: number;
}

class SsmSecrets implements Secrets {
  readonly #options: SsmSecretsOptions;
  readonly #known = new Map<string, KnownSecret>();

  constructor(options: SsmSecretsOptions) {
    this.#options = options;
  }

  async read(ref: SecretRef): Promise<string> {
    if (ref.kind === 'plain') return ref.value;
    const { clock, cacheMs = SSM_CACHE_MS } = this.#options;
    const known = this.#known.get(ref.name);
    const now = clock.now();
    if (known !== undefined && now - known.readAt < cacheMs) return known.value;
    const value = this.#fetch(ref.name);
    this.#known.set(ref.name, { value, readAt: now });
    // A secret that was just put there must not stay missing for a minute.
    value.catch(() => {
      if (this.#known.get(ref.name)?.value === value) this.#known.delete(ref.name);
    });
    return value;
  }

  async #fetch(name: string): Promise<string> {
    const path = `${rootOf(this.#options.stage)}/secrets/${name}`;
    const value = await readSecretValue(this.#options, name);
    if (value === null) {
      throw refusal(`secret "${name}" not found: there is no parameter ${path}`);
    }
    if (value === '')
      throw refusal(`secret "${name}" in ${path}: expected a text, got an empty one`);
    if (hasForbiddenOctet(value)) {
      throw refusal(
        `secret "${name}" in ${path}: expected one line of text, got a line break or NUL in it`,
      );
    }
    return value;
  }
}

/** Joined from its parts; null: there is none. */
export async function readSecretValue(place: SsmStage, name: string): Promise<string | null> {
  const parts: string[] = [];
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '' : `/${number}`;
    const part = await readParameter(place, `secrets/${name}${suffix}`);
    if (part === null) return parts.length === 0 ? null : parts.join('');
    parts.push(part);
    if (!mayContinue(part)) return parts.join('');
  }
}

function refusal(message: string): Failure {
  return new Failure('secret', 'permanent', message);
}
