import * as z from 'zod';

import { Failure } from '../failure.ts';
import type { SecretRef } from '../settings/settings.ts';
import { readParameter, rootOf, writeParameter } from '../settings/ssm-parameters.ts';
import type { SsmStage } from '../settings/ssm-parameters.ts';
import { mayContinue, splitValue } from '../settings/ssm-parts.ts';
import { readSecretValue } from '../settings/ssm-secrets.ts';
import type { RefreshToken, RefreshTokens } from './refresh-tokens.ts';
import { tokenDigest } from './refresh-tokens.ts';

/** Which pushed token a rotated one goes back to; digests only. */
const record = z.object({
  origin: z.string(),
  /** Digest of the rotated one. Another one in the secret: somebody set it since. */
  rotated: z.string(),
});

/**
 * Refresh tokens of a deployment: a rotated one is written back to its secret, so what lies there counts. Beside it,
 * `secrets/<name>/rotated` says which pushed one it goes back to.
 */
export function ssmRefreshTokens(place: SsmStage): RefreshTokens {
  return new SsmRefreshTokens(place);
}

/**
 * Whether a secret holds what a provider gave in place of this token: a push of the same configuration must not bring
 * the old one back, which may be good for nothing any more.
 */
export async function isRotatedFrom(
  place: SsmStage,
  name: string,
  token: string,
  present: string,
): Promise<boolean> {
  const origin = await readOrigin(place, name, present);
  return origin !== tokenDigest(present) && origin === tokenDigest(token);
}

class SsmRefreshTokens implements RefreshTokens {
  readonly #place: SsmStage;

  constructor(place: SsmStage) {
    this.#place = place;
  }

  async read(ref: SecretRef): Promise<RefreshToken> {
    if (ref.kind === 'plain') return { value: ref.value, origin: tokenDigest(ref.value) };
    const value = await readSecretValue(this.#place, ref.name);
    if (value === null || value === '') {
      const path = `${rootOf(this.#place.stage)}/secrets/${ref.name}`;
      const words = `secret "${ref.name}": expected a refresh token in ${path}, found none`;
      throw new Failure('secret', 'permanent', words);
    }
    return { value, origin: await readOrigin(this.#place, ref.name, value) };
  }

  async replace(ref: SecretRef, used: string, next: string): Promise<'kept' | 'superseded'> {
    if (ref.kind === 'plain') {
      const words = 'expected oauth.refreshToken to be { secret: name }, got the token itself';
      throw new Failure('secret', 'permanent', `${words}, which cannot be replaced`);
    }
    const { value, origin } = await this.read(ref);
    if (value !== used) return 'superseded';
    // The token first: what is lost without the record is only that a push would bring the old one back.
    await this.#write(ref.name, next);
    const text = JSON.stringify({ origin, rotated: tokenDigest(next) });
    await writeParameter(
      this.#place,
      { name: recordName(ref.name), value: text, secret: true },
      true,
    );
    return 'kept';
  }

  async #write(name: string, value: string): Promise<void> {
    const parts = splitValue(value);
    const path = `secrets/${name}`;
    // A reader looks beyond a part that is full; what an earlier, longer token left there would be joined to this one.
    const beyond = mayContinue(parts.at(-1) ?? '')
      ? await readParameter(this.#place, `${path}/${parts.length + 1}`)
      : null;
    if (beyond !== null) {
      const words = `${rootOf(this.#place.stage)}/${path}/${parts.length + 1} is of an earlier, longer token: delete it`;
      throw new Failure('secret', 'permanent', words);
    }
    // The first part last: until then the old token is whole, or nothing that anybody would take for one.
    for (const [at, part] of [...parts.entries()].reverse()) {
      const place = at === 0 ? path : `${path}/${at + 1}`;
      await writeParameter(this.#place, { name: place, value: part, secret: true }, true);
    }
  }
}

async function readOrigin(place: SsmStage, name: string, present: string): Promise<string> {
  const text = await readParameter(place, recordName(name));
  const digest = tokenDigest(present);
  const read = record.safeParse(jsonOf(text ?? ''));
  return read.success && read.data.rotated === digest ? read.data.origin : digest;
}

function recordName(name: string): string {
  return `secrets/${name}/rotated`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
