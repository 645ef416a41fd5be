import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

/** Parameters lie where the environment says. Account, keys and endpoint: by the SDK's own chain. */
export function makeSsmClient(): SSMClient {
  return new SSMClient({});
}

export interface StackClients {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly dynamo: DynamoDBClient;
}

/**
 * Clients for what the stack owns, in its region.
 * @param endpoint an emulator's: buckets are then no host names, and queues are asked there whatever their URL says
 */
export function makeStackClients(region: string, endpoint: string | null): StackClients {
  const isEmulated = endpoint !== null;
  return {
    s3: new S3Client({ region, forcePathStyle: isEmulated }),
    sqs: new SQSClient({ region, useQueueUrlAsEndpoint: !isEmulated }),
    dynamo: new DynamoDBClient({ region }),
  };
}
