import type { Readable } from 'node:stream';

import { MessageDigests } from './message-digests.ts';

export interface Measured {
  readonly size: number;
  readonly bodyDigest: string;
  readonly eightBit: boolean;
}

/** What can be learnt of a message from its octets alone. */
export async function measureMessage(content: Readable): Promise<Measured> {
  const digests = new MessageDigests();
  let size = 0;
  for await (const chunk of content) {
    digests.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  const { bodyDigest, eightBit } = digests.finish();
  return { size, bodyDigest, eightBit };
}
