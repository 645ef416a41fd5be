import { createServer, type Server } from 'node:net';

/**
 * `count` different ports of 127.0.0.1 that nobody listens on. All are held at the same time before the first is
 * let go, so that one call never gives the same port twice.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = held.map(portOf);
  await Promise.all(held.map(close));
  return ports;
}

/** One free port, for a server that needs no more. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('expected one free port on 127.0.0.1, got none');
  return port;
}

function listenAnywhere(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error(`expected a listening TCP socket, got ${String(address)}`);
  }
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
