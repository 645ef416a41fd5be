import type { SNSClientConfig } from '@aws-sdk/client-sns';

import { Failure } from '../../../shared/failure.ts';
import type { AlarmTopic } from '../../../shared/notice/alarm-topic.ts';
import { readEnvironment } from './config.ts';
import { SHORT_REQUEST } from './request-times.ts';

/** What SNS takes as a subject, in characters of ASCII. */
const SUBJECT = 100;

export function stageAlarmTopic(): AlarmTopic {
  const { stage, alarmTopic } = readEnvironment('stage', 'alarmTopic');
  return snsAlarmTopic(stage, alarmTopic, { requestHandler: SHORT_REQUEST });
}

/** A stage's topic. The client is loaded when there is something to tell, which is seldom. */
export function snsAlarmTopic(stage: string, topic: string, options: SNSClientConfig): AlarmTopic {
  return {
    tell: async ({ subject, text }) => {
      const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
      const client = new SNSClient(options);
      try {
        await client.send(
          new PublishCommand({
            TopicArn: topic,
            Subject: `Mailferry ${stage}: ${subject}`.replaceAll(/[^ -~]/g, '?').slice(0, SUBJECT),
            Message: text,
          }),
        );
      } catch (error) {
        const got = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        // Not as its cause: the SDK's errors carry the request, with the session token in its header.
        throw new Failure('internal', 'temporary', `telling the topic ${topic} failed: ${got}`);
      } finally {
        client.destroy();
      }
    },
  };
}
