import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  CfnBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

import type { JobQueue } from './job-queue.ts';

/** How long a deleted message can still be brought back. Days. */
const NONCURRENT_DAYS = 30;

/** The bucket with `Incoming/` and `Failed/`. It stays when the stack goes: it holds mail. */
export class MailStore extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: RemovalPolicy.RETAIN,
      // No rule may ever expire a current object: in Incoming/ that would be lost mail (I3).
      lifecycleRules: [
        {
          id: 'deleted-mail-and-leftovers',
          noncurrentVersionExpiration: Duration.days(NONCURRENT_DAYS),
          expiredObjectDeleteMarker: true,
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Nobody but the functions of the stack reads the bucket, and each names what it did in its log; a bucket of access logs beside it would hold every key and cost more than the mail.',
    });
  }

  /**
   * Tells the queue of each new message. By the bucket's own property: the construct library's way brings a
   * custom-resource function along, which can wedge the removal of a stack.
   */
  notify(queue: JobQueue): void {
    const bucket = this.bucket.node.defaultChild;
    if (!(bucket instanceof CfnBucket)) throw new Error('expected the bucket to be a CfnBucket');
    bucket.notificationConfiguration = {
      queueConfigurations: [
        {
          event: 's3:ObjectCreated:*',
          queue: queue.queue.queueArn,
          filter: {
            s3Key: {
              rules: [
                { name: 'prefix', value: 'Incoming/' },
                { name: 'suffix', value: '.eml' },
              ],
            },
          },
        },
      ],
    };
    // S3 tries the queue while the notification is set up, and refuses one that it may not send to.
    bucket.node.addDependency(queue.allowBucketsOfStack());
  }
}
