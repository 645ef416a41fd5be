import { SQSClient } from '@aws-sdk/client-sqs';

import type { JobSender } from '../../../shared/queue/job-queue.ts';
import { sqsSender } from '../../../shared/queue/sqs-queue.ts';
import { readEnvironment } from './config.ts';
import { SHORT_REQUEST } from './request-times.ts';

export function sqsClient(): SQSClient {
  return new SQSClient({ requestHandler: SHORT_REQUEST });
}

export function stageSender<Job>(
  client: SQSClient,
  queue: 'fetchQueue' | 'routeQueue' | 'deliverQueue',
): JobSender<Job> {
  return sqsSender(client, readEnvironment(queue)[queue]);
}
