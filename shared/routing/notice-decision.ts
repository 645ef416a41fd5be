import { duplicateKey } from '../mail/duplicate-key.ts';
import { makeMarker } from '../mail/marker.ts';
import type { MessageKey } from '../mail/message-key.ts';
import type { Decided } from './held.ts';

export interface ArrivedNotice {
  readonly header: Buffer;
  readonly key: MessageKey;
  /** SHA-256 in hex of what follows the header block. */
  readonly bodyDigest: string;
  /** An address of the configuration, fixed when the notice was written. */
  readonly recipient: string;
  readonly loopKey: Buffer;
}

/**
 * The decision for a notice of our own: its fixed recipient, from the null sender so that nothing answers it
 * (RFC 5321 section 4.5.5), with a marker by which it is known if it comes back round.
 */
export function decideNotice(arrived: ArrivedNotice): Decided {
  const { header, key, bodyDigest, recipient, loopKey } = arrived;
  return {
    decision: {
      outcome: 'deliver',
      recipients: [{ address: recipient, source: 'notice', rule: null, alias: null }],
      ignored: [],
      ignoredCount: 0,
      mailFrom: '',
      edits: { remove: [], rename: {}, add: [makeMarker(header, key, loopKey)] },
      warnings: [],
    },
    duplicateKey: duplicateKey(header, bodyDigest),
  };
}
