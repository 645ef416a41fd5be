import { keepCompiled } from '../../manager/compile-cache.ts';
import { useManyDiskThreads } from '../../manager/config.ts';
import { keepHeapTight } from '../../manager/tight-heap.ts';

useManyDiskThreads();
keepCompiled();
const { makeContext } = await import('../../manager/context.ts');
const { openEmbedded } = await import('../../infra/local/embedded.ts');
const { fetchMailbox } = await import('../../functions/fetch/fetch-mailbox.ts');
keepHeapTight();

/**
 * Fetches one mailbox into the embedded store as the connector does, and leaves routing and delivery alone. A process
 * of its own, from start to end, as its peers are; it starts as the command does.
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
