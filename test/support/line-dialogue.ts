import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A bare conversation with a mail server, to see a server's octets without any client of ours in between. */
export interface LineDialogue {
  /** The next line, without its CRLF, one character an octet. */
  line(): Promise<string>;
  /** Everything up to and including `end`. */
  until(end: string): Promise<Buffer>;
  /** Sends one command line. */
  send(line: string): void;
  sendOctets(octets: Buffer): void;
  /** Goes over to TLS on the same connection, after the server agreed. */
  startTls(ca: string): Promise<LineDialogue>;
  close(): void;
}

export async function openDialogue(port: number): Promise<LineDialogue> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return dialogue(socket);
}

export async function openTlsDialogue(port: number, ca: string): Promise<LineDialogue> {
  const socket = connectTls({ port, host: '127.0.0.1', ca });
  await once(socket, 'secureConnect');
  return dialogue(socket);
}

function dialogue(socket: Socket): LineDialogue {
  let pending = Buffer.alloc(0);
  const failure = new Promise<never>((_, reject) => {
    socket.once('error', reject);
    socket.once('close', () => {
      reject(new Error('expected more from the server, the connection was closed'));
    });
  });
  // Only the reads that race against it care.
  failure.catch(() => undefined);
  let wake: () => void = () => undefined;
  const take = (chunk: Buffer): void => {
    pending = Buffer.concat([pending, chunk]);
    wake();
  };
  socket.on('data', take);

  const until = async (end: string): Promise<Buffer> => {
    let at = pending.indexOf(end, 0, 'latin1');
    while (at === -1) {
      await Promise.race([
        failure,
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
      ]);
      at = pending.indexOf(end, 0, 'latin1');
    }
    const taken = pending.subarray(0, at + end.length);
    pending = pending.subarray(at + end.length);
    return taken;
  };
  return {
    until,
    line: async () => (await until('\r\n')).toString('latin1').slice(0, -2),
    send: (line) => {
      socket.write(`${line}\r\n`, 'latin1');
    },
    sendOctets: (octets) => {
      socket.write(octets);
    },
    startTls: async (ca) => {
      socket.removeListener('data', take);
      const secure = connectTls({ socket, ca, host: '127.0.0.1' });
      await once(secure, 'secureConnect');
      return dialogue(secure);
    },
    close: () => {
      socket.destroy();
    },
  };
}
