import { Readable } from 'node:stream';

import type { Parcel } from '../../shared/courier/courier.ts';

/** A parcel of these octets, in one chunk. */
export function parcelOf(content: Buffer | string, changes: Partial<ParcelShape> = {}): Parcel {
  const octets = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  return {
    id: changes.id ?? 'sample',
    envelope: {
      mailFrom: changes.mailFrom ?? 'ann@nwtraders.example',
      recipients: changes.recipients ?? ['chris@corp.example'],
    },
    content: changes.content ?? (() => Readable.from([octets])),
    size: changes.size ?? octets.length,
    eightBit: changes.eightBit ?? octets.some((octet) => octet > 127),
  };
}

interface ParcelShape {
  readonly id: string;
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  readonly content: () => Readable;
  readonly size: number;
  readonly eightBit: boolean;
}

/** What SMTP makes of a message on the wire: every line end is CRLF, also the last (RFC 5321 section 2.3.8). */
export function asOnTheWire(message: Buffer): Buffer {
  const lines = message.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(lines.endsWith('\r\n') ? lines : `${lines}\r\n`, 'latin1');
}
