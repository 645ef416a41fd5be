import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';

import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { ArrivalMetadata } from '../../shared/store/mail-store.ts';
import { measureMessage } from '../../shared/store/measure.ts';
import { createSpool } from '../../shared/store/spool-writer.ts';
import type { SpooledMessage } from '../../shared/store/spool.ts';

export function sha256Of(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}

export function keyOf(mailbox: string, octets: Buffer): MessageKey {
  return { mailbox, sha256: sha256Of(octets) };
}

/**
 * A message as fetch hands it over: in memory, or in a file of `folder` when it has more than `memoryLimit` octets.
 */
export async function spooledMessage(
  octets: Buffer,
  { folder = tmpdir(), memoryLimit = Infinity } = {},
): Promise<SpooledMessage> {
  const spool = createSpool(folder, memoryLimit);
  for (let at = 0; at < octets.length; at += 64 * 1024) {
    await spool.write(octets.subarray(at, at + 64 * 1024));
  }
  return spool.end();
}

/** Metadata that is true of the octets, so that it may also be measured. */
export async function arrivalOf(
  octets: Buffer,
  known: Partial<ArrivalMetadata> = {},
): Promise<ArrivalMetadata> {
  const measured = await measureMessage(Readable.from([octets], { objectMode: false }));
  return {
    ...measured,
    uidlHash: sha256Of(Buffer.from('uidl 1')),
    arrivedAt: Date.UTC(2026, 2, 1),
    recipient: null,
    ...known,
  };
}
