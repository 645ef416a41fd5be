import { createHash } from 'node:crypto';

import Pop3Command from 'node-pop3';

/**
 * Fetches a mailbox with the npm package node-pop3 and prints the SHA-256 of each message, one a line, so that the
 * benchmark can tell which came back octet for octet. A process of its own, since a lost reply leaves the package
 * waiting for good: the benchmark's time limit ends it.
 */
async function main([host = '', port, user = '', password = '', count]: readonly string[]) {
  const client = new Pop3Command({ host, port: Number(port), user, password });
  for (let number = 1; number <= Number(count); number += 1) {
    const text = await client.RETR(number);
    console.log(createHash('sha256').update(text, 'utf8').digest('hex'));
  }
  await client.QUIT();
}

await main(process.argv.slice(2));
