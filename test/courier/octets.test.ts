import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Courier } from '../../shared/courier/courier.ts';
import { asOnTheWire, parcelOf } from '../support/parcels.ts';
import { startSmtpServer, type ScriptedSmtpServer } from '../support/scripted-smtp-server.ts';
import { courierFor } from './courier-for.ts';

let server: ScriptedSmtpServer;
let courier: Courier;
beforeAll(async () => {
  server = await startSmtpServer();
  courier = courierFor(server.port);
});
afterAll(async () => {
  await courier.close();
  await server.close();
});

async function arrivedAs(message: Buffer, chunks: readonly Buffer[] = [message]): Promise<Buffer> {
  const before = server.received.length;
  const content = (): Readable => Readable.from(chunks);
  const { replies } = await courier.deliver(parcelOf(message, { content }));
  expect(replies).toMatchObject([{ verdict: 'sent', code: 250 }]);
  expect(server.received).toHaveLength(before + 1);
  return server.received[before]?.data ?? Buffer.alloc(0);
}

describe('the octets that arrive (I5)', () => {
  it.each([
    ['LF.LF', 'a\n.\nMAIL FROM:<eve@x.example>\n', 'a\r\n.\r\nMAIL FROM:<eve@x.example>\r\n'],
    ['LF.CRLF', 'a\n.\r\nb\r\n', 'a\r\n.\r\nb\r\n'],
    ['CR.CR', 'a\r.\rb\r\n', 'a\r\n.\r\nb\r\n'],
    ['CR.CRLF', 'a\r.\r\nb\r\n', 'a\r\n.\r\nb\r\n'],
    ['CRLF.LF', 'a\r\n.\nb\r\n', 'a\r\n.\r\nb\r\n'],
    ['CRLF.CRLF', 'a\r\n.\r\nb\r\n', 'a\r\n.\r\nb\r\n'],
    ['a dot as the first octet', '.a\r\n', '.a\r\n'],
    ['dots at line starts', '..\r\n...\r\n.', '..\r\n...\r\n.\r\n'],
    ['no line end at the end', 'a', 'a\r\n'],
    ['a bare CR at the end', 'a\r', 'a\r\n'],
    ['CR CR LF', 'a\r\r\nb\r\n', 'a\r\n\r\nb\r\n'],
    ['NUL and 8-bit octets', '\0\x80\xff\xfe\r\n', '\0\x80\xff\xfe\r\n'],
    ['nothing', '', '\r\n'],
  ])('%s', async (_, message, expected) => {
    const arrived = await arrivedAs(Buffer.from(message, 'latin1'));
    expect(arrived.toString('latin1')).toBe(expected);
  });

  it('a line of a megabyte', async () => {
    const message = Buffer.concat([Buffer.alloc(1_000_000, '.'), Buffer.from('\r\n')]);
    expect((await arrivedAs(message)).equals(message)).toBe(true);
  });

  it('changes bare CR and LF alone, however the content is cut', async () => {
    const octet = fc.constantFrom('\r', '\n', '.', 'x', '\0', '\xe9', '\r\n', '\r\n.\r\n');
    await fc.assert(
      fc.asyncProperty(
        fc.array(octet, { maxLength: 40 }),
        fc.array(fc.nat(60), { maxLength: 8 }),
        async (pieces, cuts) => {
          const message = Buffer.from(pieces.join(''), 'latin1');
          const edges = [0, ...cuts.sort((a, b) => a - b), message.length];
          const chunks = edges
            .map((edge, at) => message.subarray(edge, edges[at + 1]))
            .filter((chunk) => chunk.length > 0);
          const exact = Buffer.concat(chunks).equals(message) ? chunks : [message];
          expect(await arrivedAs(message, exact)).toEqual(asOnTheWire(message));
        },
      ),
      { numRuns: 300 },
    );
  });
});
