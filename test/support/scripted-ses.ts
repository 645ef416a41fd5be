import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call as the service gets it, by either version of its API. */
export interface ReceivedSesCall {
  readonly action: 'SendRawEmail' | 'SendEmail';
  /** Source, or FeedbackForwardingEmailAddress. */
  readonly feedback: string;
  readonly recipients: readonly string[];
  readonly data: Buffer;
  readonly configurationSet: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** `drop`: the connection ends without an answer; undefined: the usual answer. */
export type SesAnswer =
  | { readonly status: number; readonly code: string; readonly message?: string }
  | 'drop'
  | 'hang'
  | undefined;

export interface ScriptedSes {
  readonly endpoint: string;
  /** Those that were taken. */
  readonly taken: ReceivedSesCall[];
  /** All, refused ones too. */
  readonly calls: ReceivedSesCall[];
  close(): Promise<void>;
}

/** Amazon SES on 127.0.0.1 as far as two calls go: keeps the octets that it gets, and refuses as the script says. */
export async function startScriptedSes(
  answer: (call: ReceivedSesCall) => SesAnswer = () => undefined,
): Promise<ScriptedSes> {
  const [taken, calls]: ReceivedSesCall[][] = [[], []];
  const server = createServer((request, response) => {
    void readCall(request).then((call) => {
      calls?.push(call);
      const said = answer(call);
      if (said === 'hang') return;
      if (said === 'drop') {
        request.socket.destroy();
        return;
      }
      if (said === undefined) taken?.push(call);
      reply(response, call, said);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: taken ?? [],
    calls: calls ?? [],
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readCall(request: IncomingMessage): Promise<ReceivedSesCall> {
  const body = Buffer.concat(await request.toArray());
  return request.url === '/v2/email/outbound-emails' ? fromJson(body) : fromForm(body);
}

function fromForm(body: Buffer): ReceivedSesCall {
  const form = new URLSearchParams(body.toString('latin1'));
  const members = (prefix: string): string[] =>
    [...form].filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
  const names = members('Tags.member.').filter((_, at) => at % 2 === 0);
  const values = members('Tags.member.').filter((_, at) => at % 2 === 1);
  return {
    action: 'SendRawEmail',
    feedback: form.get('Source') ?? '',
    recipients: members('Destinations.member.'),
    data: Buffer.from(form.get('RawMessage.Data') ?? '', 'base64'),
    configurationSet: form.get('ConfigurationSetName'),
    tags: Object.fromEntries(names.map((name, at) => [name, values[at] ?? ''])),
  };
}

interface JsonCall {
  readonly FeedbackForwardingEmailAddress: string;
  readonly Destination: { readonly ToAddresses: readonly string[] };
  readonly Content: { readonly Raw: { readonly Data: string } };
  readonly ConfigurationSetName?: string;
  readonly EmailTags: readonly { readonly Name: string; readonly Value: string }[];
}

function fromJson(body: Buffer): ReceivedSesCall {
  const call = JSON.parse(body.toString('utf8')) as JsonCall;
  return {
    action: 'SendEmail',
    feedback: call.FeedbackForwardingEmailAddress,
    recipients: call.Destination.ToAddresses,
    data: Buffer.from(call.Content.Raw.Data, 'base64'),
    configurationSet: call.ConfigurationSetName ?? null,
    tags: Object.fromEntries(call.EmailTags.map(({ Name, Value }) => [Name, Value])),
  };
}

const ID = '0100018f-scripted';

function reply(
  response: ServerResponse,
  { action }: ReceivedSesCall,
  refusal: Exclude<SesAnswer, string>,
): void {
  const { status = 200, code = '', message = '' } = refusal ?? {};
  response.statusCode = status;
  if (action === 'SendEmail') {
    response.setHeader('content-type', 'application/json');
    response.setHeader('x-amzn-errortype', code);
    response.end(JSON.stringify(refusal === undefined ? { MessageId: ID } : { message }));
    return;
  }
  response.setHeader('content-type', 'text/xml');
  const name = 'xmlns="http://ses.amazonaws.com/doc/2010-12-01/"';
  response.end(
    refusal === undefined
      ? `<SendRawEmailResponse ${name}><SendRawEmailResult><MessageId>${ID}</MessageId></SendRawEmailResult></SendRawEmailResponse>`
      : `<ErrorResponse ${name}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  );
}
