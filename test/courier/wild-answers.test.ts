import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parcelOf } from '../support/parcels.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import { courierFor } from './courier-for.ts';

const RECIPIENTS = ['ann@corp.example', 'bob@corp.example', 'chris@corp.example'];

/** What the server says instead of the usual: each is one answer, or none at all. */
const ANSWERS = [
  ...['250 2.1.0 ok', '251 2.1.5 elsewhere', '220 hello', '235 2.7.0 welcome', '354 go ahead'],
  ...['450 4.2.0 later', '452 4.5.3 too many recipients', '421 4.3.2 closing', '334 and now'],
  ...['500 5.5.2 what', '503 5.5.1 sequence', '550 5.1.1 no', '552 5.2.2 full', '554 5.7.1 never'],
  ...['550-no\r\n250 yes', '250-yes\r\n550 no', '250-yes\r\n250 yes', '354-go\r\n354 ahead'],
  ...['nonsense', '2', '2500 ok', '250ok', '25 0', '999 odd', 'drop', 'lose'],
];

/** Null: the usual answer, most of the time. */
const script = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.constantFrom(...ANSWERS)),
  { minLength: 12, maxLength: 12 },
);

/**
 * Whatever a server answers, nobody counts as having the mail who has it not, and the next message goes. What this does
 * not show: answers that are two for one command, which no client can tell from those to the next.
 */
describe.each([
  ['SMTP', false],
  ['LMTP', true],
])('any answers by %s', (_, lmtp) => {
  it.each([['PIPELINING'], ['8BITMIME']])('lose nobody’s mail (%s)', async (extension) => {
    await fc.assert(
      fc.asyncProperty(script, async (answers) => {
        let at = 0;
        const server = await startSmtpServer({
          lmtp,
          extensions: [extension],
          replies: (stage) => {
            if (stage === 'block') return undefined;
            at += 1;
            const answer = answers[at - 1] ?? undefined;
            // This server would take 3xx for a yes of its own to a recipient.
            return stage === 'rcpt' && answer?.startsWith('3') === true ? undefined : answer;
          },
        });
        const courier = courierFor(server.port, { lmtp, concurrency: 1 });
        const { replies } = await courier.deliver(
          parcelOf('a: b\r\n\r\nMAIL FROM:<x@evil.example>\r\n', { recipients: RECIPIENTS }),
        );
        const took = new Set(server.received.flatMap(({ recipients }) => recipients));
        const counted = replies.filter(({ verdict }) => verdict === 'sent');
        const wrongly = counted.filter(({ address }) => !took.has(address));
        at = answers.length;
        const next = await courier.deliver(parcelOf('c: d\r\n\r\nnext\r\n'));
        await courier.close();
        await server.close();
        expect(wrongly).toEqual([]);
        expect(next.replies.map(({ verdict }) => verdict)).toEqual(['sent']);
        expect(server.commands.filter((line) => line.includes('evil'))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
