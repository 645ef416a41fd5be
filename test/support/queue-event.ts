/** One SQS message as Lambda's event source hands it over. Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS". */
export interface RecordOptions {
  readonly id: string;
  readonly body: string;
  readonly receipt?: string;
  readonly receives?: number;
  /** Milliseconds since the epoch. */
  readonly firstReceivedAt?: number;
}

export function queueEvent(records: readonly RecordOptions[]): unknown {
  return {
    Records: records.map(({ id, body, receipt, receives = 1, firstReceivedAt = 0 }) => ({
      messageId: id,
      receiptHandle: receipt ?? `receipt of ${id}`,
      body,
      attributes: {
        ApproximateReceiveCount: String(receives),
        SentTimestamp: String(firstReceivedAt),
        SenderId: 'AIDAEXAMPLE',
        ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:jobs',
      awsRegion: 'eu-central-1',
    })),
  };
}

/** S3's event message for new objects. Source: Amazon S3 user guide, "Event message structure". */
export function objectCreated(keys: readonly string[], eventVersion = '2.1'): string {
  return JSON.stringify({
    Records: keys.map((key) => ({
      eventVersion,
      eventSource: 'aws:s3',
      awsRegion: 'eu-central-1',
      eventTime: '2026-11-23T10:00:00.000Z',
      eventName: 'ObjectCreated:Put',
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'incoming',
        bucket: { name: 'mailferry-prod-mail', arn: 'arn:aws:s3:::mailferry-prod-mail' },
        object: { key, size: 1024, eTag: 'd41d8cd98f00b204e9800998ecf8427e', sequencer: '0A1B' },
      },
    })),
  });
}

export const S3_TEST_EVENT = JSON.stringify({
  Service: 'Amazon S3',
  Event: 's3:TestEvent',
  Time: '2026-11-23T10:00:00.000Z',
  Bucket: 'mailferry-prod-mail',
  RequestId: '5582815E1AEA5ADF',
  HostId: '8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE',
});
