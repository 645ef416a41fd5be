import { SendRawEmailCommand, SESClient } from '@aws-sdk/client-ses';
import type { SESClientConfig } from '@aws-sdk/client-ses';

/** One call to Amazon SES. */
export interface SesCall {
  readonly identity: string;
  /** Where SES sends what it could not deliver: a verified identity as well. */
  readonly feedback: string;
  readonly recipients: readonly string[];
  readonly data: Buffer;
  readonly configurationSet: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** Hands a message to SES. */
export interface SesApi {
  /** @returns SES's id of the message. @throws what the SDK throws */
  send(call: SesCall, signal: AbortSignal): Promise<string>;
  close(): void;
}

/** What both clients share. */
export type SesClientOptions = Pick<
  SESClientConfig,
  'endpoint' | 'credentials' | 'requestHandler'
> & {
  /** Undefined: the environment's. */
  readonly region?: string;
  readonly maxAttempts: 1;
};

/** SendRawEmail, the first version's: up to 10 MB. */
export function sesApi(options: SesClientOptions): SesApi {
  const client = new SESClient(options);
  return {
    async send(call, abortSignal) {
      const command = new SendRawEmailCommand({
        Source: call.feedback,
        Destinations: [...call.recipients],
        RawMessage: { Data: call.data },
        ...(call.configurationSet === null ? {} : { ConfigurationSetName: call.configurationSet }),
        Tags: Object.entries(call.tags).map(([Name, Value]) => ({ Name, Value })),
      });
      const { MessageId = '' } = await client.send(command, { abortSignal });
      return MessageId;
    },
    close: () => {
      client.destroy();
    },
  };
}
