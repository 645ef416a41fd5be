import * as z from 'zod';

import { Failure } from '../../../shared/failure.ts';

const count = z.coerce.number().int().nonnegative();

const record = z.object({
  messageId: z.string(),
  receiptHandle: z.string(),
  body: z.string(),
  attributes: z.object({
    ApproximateReceiveCount: count,
    /** Milliseconds since the epoch. */
    ApproximateFirstReceiveTimestamp: count,
  }),
});
const event = z.object({ Records: z.array(record).min(1) });

/** One SQS message as Lambda's event source hands it over. */
export type QueueRecord = z.infer<typeof record>;

/** @throws Failure `internal`, permanent, when this is not what an SQS event source sends */
export function recordsOf(received: unknown): readonly QueueRecord[] {
  const read = event.safeParse(received);
  if (read.success) return read.data.Records;
  const where = read.error.issues.map((issue) => issue.path.join('.') || 'the event').join(', ');
  throw new Failure(
    'internal',
    'permanent',
    `expected the event of an SQS event source, with Records; wrong at: ${where}`,
  );
}
