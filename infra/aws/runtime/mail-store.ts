import { S3Client } from '@aws-sdk/client-s3';

import type { Area, MailStore } from '../../../shared/store/mail-store.ts';
import { s3MailStore } from '../../../shared/store/s3-mail-store.ts';
import { hasOwnEndpoint, readEnvironment } from './config.ts';
import { OBJECT_REQUEST } from './request-times.ts';

/** @param readable areas that the function's role may read; both unless said */
export function stageMailStore(readable?: readonly Area[]): MailStore {
  const { bucket } = readEnvironment('bucket');
  // Bucket names as host names resolve at AWS only.
  const client = new S3Client({
    forcePathStyle: hasOwnEndpoint(),
    requestHandler: OBJECT_REQUEST,
  });
  return s3MailStore({ client, bucket, ...(readable && { readable }) });
}
