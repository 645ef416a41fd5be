import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How one operation is answered: HTTP status and body. @param at how many requests came before */
export type AwsScript = (operation: string, at: number) => [number, object];

/** What no emulator plays: a service of AWS (JSON protocol) that denies, throttles, and quotes what it refuses. */
export async function scriptedAwsService(script: AwsScript) {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      const [status, body] = script(operation, requests);
      requests += 1;
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    /** For a client of the SDK: one attempt a request, lest a test waits for its pauses. */
    clientOptions: {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    },
    requests: () => requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
