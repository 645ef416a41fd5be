import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { ReceivedMail } from '../support/smtp-script.ts';
import type { Sample } from './sample-mail.ts';

/** Everything that is not as it has to be for one sample; empty when all is. */
export function faultsOf(
  sample: Sample,
  sha256: string,
  data: string,
  received: readonly ReceivedMail[],
): string[] {
  const faults: string[] = [];
  const copies = received.filter((mail) => mail.data.includes(sha256.slice(0, 12)));
  const got = copies.flatMap((mail) => mail.recipients).sort();
  const wanted = [...sample.arrivesAt].sort();
  if (got.join() !== wanted.join()) {
    faults.push(
      `"${sample.shows}": expected at ${wanted.join(', ')}, arrived at ${got.join(', ') || 'nobody'}`,
    );
  }
  for (const copy of copies) {
    if (!bodyOf(copy.data).equals(bodyOf(sample.octets))) {
      faults.push(`"${sample.shows}": the body did not arrive byte for byte`);
    }
  }
  const isParked = ['eml', 'json'].every((ending) =>
    existsSync(join(data, 'Failed', sample.mailbox, `${sha256}.${ending}`)),
  );
  if (isParked !== sample.parked) {
    faults.push(`"${sample.shows}": expected ${sample.parked ? 'a' : 'no'} copy in Failed/`);
  }
  if (existsSync(join(data, 'Incoming', sample.mailbox, `${sha256}.eml`))) {
    faults.push(`"${sample.shows}": still in Incoming/`);
  }
  return faults;
}

function bodyOf(message: Buffer): Buffer {
  return message.subarray(message.indexOf('\r\n\r\n') + 4);
}
