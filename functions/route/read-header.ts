import { HEADER_FIRST_READ } from '../../shared/limits.ts';
import { MAX_HEADER_OCTETS, splitHeader } from '../../shared/mail/header-block.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Area, ArrivalMetadata, MailStore } from '../../shared/store/mail-store.ts';

export interface ArrivedHeader {
  readonly area: Area;
  readonly metadata: ArrivalMetadata;
  /** The header block; null when it is longer than {@link MAX_HEADER_OCTETS}. */
  readonly header: Buffer | null;
}

/**
 * Reads the header block by ranged reads: the first is enough for nearly all mail, the second is the limit.
 * @returns null when the store has no such message
 */
export async function readHeader(store: MailStore, key: MessageKey): Promise<ArrivedHeader | null> {
  for (const length of [HEADER_FIRST_READ, MAX_HEADER_OCTETS + 1]) {
    const opened = await store.open(key, length);
    if (opened === null) return null;
    const { area, metadata } = opened;
    const chunks: Buffer[] = [];
    for await (const chunk of opened.content) chunks.push(chunk as Buffer);
    const prefix = Buffer.concat(chunks);
    const split = splitHeader(prefix, metadata.size <= prefix.length);
    if (split !== null && split.header.length <= MAX_HEADER_OCTETS) {
      return { area, metadata, header: split.header };
    }
    if (length > MAX_HEADER_OCTETS) return { area, metadata, header: null };
  }
  return null;
}
