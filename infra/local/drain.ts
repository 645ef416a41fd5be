import type { Embedded } from './embedded.ts';
import { makeWorkers } from './workers.ts';
import type { Workers } from './workers.ts';

/** Until nothing is due: routing feeds delivery, and a delivery may ask for routing. */
export async function drain(
  embedded: Embedded,
  workers: Workers,
  closing: AbortSignal,
): Promise<void> {
  for (;;) {
    await embedded.eventsSent();
    await workers.route.idle();
    await workers.deliver.idle();
    const [route, deliver] = await Promise.all([
      embedded.queues.route.depth(),
      embedded.queues.deliver.depth(),
    ]);
    if (closing.aborted || route.ready + deliver.ready === 0) return;
  }
}

/** Carries what is queued and due now, and fetches nothing: for an order that came while no connector runs. */
export async function carryDue(embedded: Embedded, closing: AbortSignal): Promise<void> {
  const workers = await makeWorkers(embedded, closing);
  const stop = async (): Promise<void> => {
    await workers.route.stop();
    await workers.deliver.stop();
  };
  const onClosing = (): void => void stop();
  workers.route.start();
  workers.deliver.start();
  closing.addEventListener('abort', onClosing, { once: true });
  try {
    await drain(embedded, workers, closing);
  } finally {
    closing.removeEventListener('abort', onClosing);
    await stop();
  }
}
