import { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';

import type { SesApi, SesClientOptions } from './ses-api.ts';

/** SendEmail of the second version, for messages that the first does not take. Loaded only for these. */
export function sesLargeApi(options: SesClientOptions): SesApi {
  const client = new SESv2Client(options);
  return {
    async send(call, abortSignal) {
      const command = new SendEmailCommand({
        FromEmailAddress: call.identity,
        FeedbackForwardingEmailAddress: call.feedback,
        // Beside a raw message these are the envelope; the header stays as it is.
        Destination: { ToAddresses: [...call.recipients] },
        Content: { Raw: { Data: call.data } },
        ...(call.configurationSet === null ? {} : { ConfigurationSetName: call.configurationSet }),
        EmailTags: Object.entries(call.tags).map(([Name, Value]) => ({ Name, Value })),
      });
      const { MessageId = '' } = await client.send(command, { abortSignal });
      return MessageId;
    },
    close: () => {
      client.destroy();
    },
  };
}
