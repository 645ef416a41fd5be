import { createHash } from 'node:crypto';

import type { SecretRef } from '../settings/settings.ts';

/** The refresh token that counts now. */
export interface RefreshToken {
  readonly value: string;
  /** A digest of the token that somebody configured: the same over all rotations, another once it was changed. */
  readonly origin: string;
}

/**
 * Port: refresh tokens, with those that a provider gave in place of the configured ones. A rotated token counts until
 * the configured one changes: who sets a new one wins.
 */
export interface RefreshTokens {
  /** From where it lies, never from a cache: another process may have had it rotated. @throws Failure `secret` */
  read(ref: SecretRef): Promise<RefreshToken>;
  /**
   * Keeps `next` in place of `used`; durable when it resolves. Keeps nothing when another one than `used` counts by
   * now: somebody has set a new one, or another process had it rotated.
   * @throws Failure `secret` when it cannot be kept
   */
  replace(ref: SecretRef, used: string, next: string): Promise<'kept' | 'superseded'>;
}

/** SHA-256 in hexadecimal: a refresh token is long and random, so this gives nothing of it away. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
