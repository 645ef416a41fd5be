import * as z from 'zod';

import { Failure } from '../../../shared/failure.ts';
import { parseKey } from '../../../shared/mail/message-key.ts';
import { messageJob } from '../../../shared/queue/job-queue.ts';
import type { MessageJob } from '../../../shared/queue/job-queue.ts';

/** A body that no use case can do anything with, now or later. */
export class UnreadableBody extends Failure {
  constructor(expected: string, got: string) {
    super('internal', 'permanent', `expected ${expected}, got ${got}`);
  }
}

/**
 * S3's event message structure: minor versions add fields only, so any 2.x is taken. Source: Amazon S3 user guide,
 * "Event message structure".
 */
const notification = z.object({
  Records: z.array(
    z.object({
      eventVersion: z.string().regex(/^2\./),
      eventSource: z.literal('aws:s3'),
      eventName: z.string().startsWith('ObjectCreated:'),
      s3: z.object({ object: z.object({ key: z.string() }) }),
    }),
  ),
});

/** S3 sends one when the notification is set up. */
const testEvent = z.object({ Event: z.literal('s3:TestEvent') });

const OBJECT_KEY = /^Incoming\/(?<key>[^/]+\/[^/]+)\.eml$/;

/** Reads one job of the schema. */
export function jobOf<Job>(schema: z.ZodType<Job>): (body: string) => readonly Job[] {
  return (body) => {
    const job = schema.safeParse(jsonOf(body));
    if (job.success) return [job.data];
    throw new UnreadableBody('a job of this queue', shapeOf(body));
  };
}

/** What the route queue carries: S3's notifications, and the jobs that sweep and deliver send. */
export function routeJobsOf(body: string): readonly MessageJob[] {
  const json = jsonOf(body);
  const job = messageJob.safeParse(json);
  if (job.success) return [job.data];
  if (testEvent.safeParse(json).success) return [];
  const event = notification.safeParse(json);
  if (event.success) return event.data.Records.map((record) => keyOfObject(record.s3.object.key));
  throw new UnreadableBody(
    'a routing job or an "ObjectCreated" notification of S3, version 2.x',
    shapeOf(body),
  );
}

/** Keys in notifications are encoded as in a form: `%XX`, and `+` for a space. */
function keyOfObject(encoded: string): MessageJob {
  const parsed = parseKey(OBJECT_KEY.exec(decoded(encoded))?.groups?.['key'] ?? '');
  if (parsed !== null) return parsed;
  const shown = JSON.stringify(encoded.slice(0, 200));
  throw new UnreadableBody('an object Incoming/<mailbox>/<sha256>.eml', `the key ${shown}`);
}

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return encoded;
  }
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new UnreadableBody('JSON', `${body.length} characters of something else`);
  }
}

/** Names of the fields and nothing of their values: a stranger's event may hold anything. */
function shapeOf(body: string): string {
  const json = jsonOf(body);
  if (json === null || typeof json !== 'object') return `a ${typeof json}`;
  return `an object with ${Object.keys(json).slice(0, 10).join(', ').slice(0, 200) || 'no fields'}`;
}
