import { createServer, type AddressInfo, type Socket } from 'node:net';

/** One message as it came over the wire. */
export interface SunkMessage {
  readonly sender: string;
  readonly recipients: readonly string[];
  /** With CRLF line ends, dots unstuffed, without the line of the final dot. */
  readonly data: Buffer;
}

export interface ExactSmtpSink {
  readonly port: number;
  readonly received: readonly SunkMessage[];
  stop(): Promise<void>;
}

const END_OF_DATA = Buffer.from('\r\n.\r\n');
const EMPTY_DATA = Buffer.from('.\r\n');

/** An SMTP server that takes everything and keeps each octet, so that a test can compare them without a mail store in between. */
export async function startExactSmtpSink(): Promise<ExactSmtpSink> {
  const received: SunkMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A client that is killed resets its connection: nothing to do about it here.
    socket.on('error', () => undefined);
    serve(socket, received);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

interface Session {
  sender: string;
  recipients: string[];
  /** Between the reply to DATA and the final dot. */
  inData: boolean;
}

function serve(socket: Socket, received: SunkMessage[]): void {
  const session: Session = { sender: '', recipients: [], inData: false };
  let pending = Buffer.alloc(0);
  socket.write('220 sink.test ESMTP\r\n');
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const rest = session.inData
        ? content(socket, session, pending, received)
        : command(socket, session, pending);
      if (rest === null) return;
      pending = rest;
    }
  });
}

/** Takes one command line off `pending`; `null` when there is no whole one. */
function command(socket: Socket, session: Session, pending: Buffer): Buffer<ArrayBuffer> | null {
  const end = pending.indexOf('\r\n');
  if (end === -1) return null;
  const line = pending.toString('latin1', 0, end);
  socket.write(`${answer(session, line)}\r\n`);
  if (/^QUIT/i.test(line)) socket.end();
  return Buffer.from(pending.subarray(end + 2));
}

function answer(session: Session, line: string): string {
  const address = /<(.*?)>/.exec(line)?.[1] ?? '';
  switch (line.slice(0, 4).toUpperCase()) {
    case 'EHLO':
      return '250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES';
    case 'MAIL':
      session.sender = address;
      session.recipients = [];
      return '250 2.1.0 Ok';
    case 'RCPT':
      session.recipients.push(address);
      return '250 2.1.5 Ok';
    case 'DATA':
      session.inData = true;
      return '354 End data with <CR><LF>.<CR><LF>';
    case 'QUIT':
      return '221 2.0.0 Bye';
    default:
      return '250 2.0.0 Ok';
  }
}

/** Takes one message off `pending`; `null` when its end has not come. */
function content(
  socket: Socket,
  session: Session,
  pending: Buffer,
  received: SunkMessage[],
): Buffer<ArrayBuffer> | null {
  const isEmpty = pending.subarray(0, EMPTY_DATA.length).equals(EMPTY_DATA);
  const end = isEmpty ? -2 : pending.indexOf(END_OF_DATA);
  if (end === -1) return null;
  received.push({
    sender: session.sender,
    recipients: session.recipients,
    data: unstuffed(pending.subarray(0, end + 2)),
  });
  session.inData = false;
  socket.write('250 2.0.0 Ok: queued\r\n');
  return Buffer.from(pending.subarray(end + END_OF_DATA.length));
}

/** RFC 5321 section 4.5.2: a dot that begins a line was added by the client. */
function unstuffed(stuffed: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = stuffed[0] === 0x2e ? 1 : 0;
  for (let at = stuffed.indexOf('\r\n.', 0); at !== -1; at = stuffed.indexOf('\r\n.', at + 3)) {
    parts.push(stuffed.subarray(from, at + 2));
    from = at + 3;
  }
  parts.push(stuffed.subarray(from));
  return Buffer.concat(parts);
}
