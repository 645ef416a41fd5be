import { makeContext } from '../../manager/context.ts';
import { keepHeapTight } from '../../manager/tight-heap.ts';
import { fetchMailbox } from '../../functions/fetch/fetch-mailbox.ts';
import { openEmbedded } from '../../infra/local/embedded.ts';

keepHeapTight();

/**
 * Fetches one mailbox into the embedded store as the connector does, and leaves routing and delivery alone. A process
 * of its own, from start to end, as its peers are; it is packed and started as the command is (embedded-fetch.js).
 */
async function main([config = '', data = '', secrets = '', mailbox = '']: readonly string[]) {
  const { embedded: options } = makeContext({ config, data, secrets });
  const embedded = await openEmbedded(options);
  const { result } = await fetchMailbox(embedded.deps, mailbox, {
    closing: new AbortController().signal,
    deadline: null,
  });
  await embedded.close();
  if (result.status !== 'ok') throw new Error(result.error?.message ?? result.status);
}

await main(process.argv.slice(2));
