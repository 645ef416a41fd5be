import { createHash } from 'node:crypto';

import Pop3Command from 'node-pop3';

import { BENCH_PASSWORD, BENCH_USER } from './clients.ts';
import { BENCH_MAILS } from './sample-mailbox.ts';

/**
 * Fetches the sample mailbox with the npm package node-pop3 and prints the SHA-256 of each message, one a line, so
 * that the benchmark can tell which came back octet for octet. A process of its own, since a lost reply leaves the
 * package waiting for good: the benchmark's time limit ends it.
 */
async function main(port: number): Promise<void> {
  const client = new Pop3Command({
    ...{ host: '127.0.0.1', port, user: BENCH_USER, password: BENCH_PASSWORD },
  });
  for (let number = 1; number <= BENCH_MAILS; number += 1) {
    const text = await client.RETR(number);
    console.log(createHash('sha256').update(text, 'utf8').digest('hex'));
  }
  await client.QUIT();
}

await main(Number(process.argv[2]));
