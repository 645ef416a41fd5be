import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { snsAlarmTopic } from '../../../infra/aws/runtime/alarm-topic.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:000000000000:Mailferry-prod-Alerts';
const PUBLISHED = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
  <PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>`;
const DENIED = `<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code>
  <Message>not allowed</Message></Error></ErrorResponse>`;

// Against a scripted endpoint: what SNS is sent. That it takes it, only an account shows.
const requests: URLSearchParams[] = [];
let refuse = false;
const server = createServer((request, response) => {
  void text(request).then((body) => {
    requests.push(new URLSearchParams(body));
    response.statusCode = refuse ? 403 : 200;
    response.setHeader('content-type', 'text/xml');
    response.end(refuse ? DENIED : PUBLISHED);
  });
});
let topic: ReturnType<typeof snsAlarmTopic>;

beforeEach(async () => {
  requests.length = 0;
  refuse = false;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  topic = snsAlarmTopic('prod', TOPIC, {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'hush-sns' },
  });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

test('the topic gets subject and text, the subject as SNS takes it', async () => {
  await topic.tell({ subject: 'Mailbox chris fails', text: 'Twice.\n' });
  expect(Object.fromEntries(requests[0] ?? [])).toMatchObject({
    Action: 'Publish',
    TopicArn: TOPIC,
    Subject: 'Mailferry prod: Mailbox chris fails',
    Message: 'Twice.\n',
  });
  await topic.tell({ subject: `gr\u00fc\u00dfe\n${'x'.repeat(200)}`, text: 'a' });
  expect(requests[1]?.get('Subject')).toMatch(/^Mailferry prod: gr\?\?e\?x{78}$/);
});

test('a refusal is temporary, and says nothing of the request', async () => {
  refuse = true;
  const telling = topic.tell({ subject: 's', text: 't' });
  await expect(telling).rejects.toMatchObject({ kind: 'internal', permanence: 'temporary' });
  await expect(telling).rejects.toThrow(/telling the topic arn:.*AuthorizationError/);
  await telling.catch((error: unknown) => {
    expect(JSON.stringify(error)).not.toContain('hush-sns');
    expect((error as Error).cause).toBeUndefined();
  });
});
