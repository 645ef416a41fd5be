import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs';
import type { SQSClient } from '@aws-sdk/client-sqs';

/** Puts a record off: it is shown again after so many seconds. */
export type PutOff = (receipt: string, seconds: number) => Promise<void>;

export function sqsPutOff(client: SQSClient, queueUrl: string): PutOff {
  return async (receipt, seconds) => {
    await client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: receipt,
        VisibilityTimeout: seconds,
      }),
    );
  };
}
