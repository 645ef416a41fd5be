import { describe, expect, it } from 'vitest';

import { courierContract } from '../contract/courier.ts';
import { parcelOf } from '../support/parcels.ts';
import { startSmtpServer, type ScriptedSmtpServer } from '../support/scripted-smtp-server.ts';
import type { SmtpServerOptions } from '../support/smtp-script.ts';
import { courierFor } from './courier-for.ts';

/** Runs `body` against a scripted server, and closes both ends whatever it does. */
async function withServer(
  options: SmtpServerOptions,
  changes: Parameters<typeof courierFor>[1],
  body: (server: ScriptedSmtpServer, courier: ReturnType<typeof courierFor>) => Promise<void>,
): Promise<void> {
  const server = await startSmtpServer(options);
  const courier = courierFor(server.port, changes);
  try {
    await body(server, courier);
  } finally {
    await courier.close();
    await server.close();
  }
}

const REFUSALS = { temporary: '451 4.2.1 later', permanent: '550 5.1.1 no such user' } as const;

for (const [name, options] of Object.entries({
  'SMTP with PIPELINING': {},
  'SMTP without any extension': { extensions: [] },
  LMTP: { lmtp: true },
} satisfies Record<string, SmtpServerOptions>)) {
  courierContract(name, async () => {
    const refused = new Map<string, string>();
    const server = await startSmtpServer({
      ...options,
      replies: (stage, moment) => (stage === 'rcpt' ? refused.get(moment.address) : undefined),
    });
    return {
      courier: courierFor(server.port, { lmtp: 'lmtp' in options }),
      arrived: () => server.received,
      refuse: (address, permanence) => refused.set(address, REFUSALS[permanence]),
      stop: () => server.close(),
      release: () => (server.listening() ? server.close() : Promise.resolve()),
    };
  });
}

describe('the envelope', () => {
  it('keeps the null reverse-path', async () => {
    await withServer({}, {}, async (server, courier) => {
      await courier.deliver(parcelOf('a: b\r\n', { mailFrom: '' }));
      expect(server.received[0]?.mailFrom).toBe('');
    });
  });

  it('announces the size, and 8-bit content only when there is some', async () => {
    await withServer({}, {}, async (server, courier) => {
      await courier.deliver(parcelOf('a: b\r\n'));
      await courier.deliver(parcelOf('a: \xe9\r\n'));
      expect(server.received.map((one) => one.mailOptions)).toEqual([
        'SIZE=6',
        'BODY=8BITMIME SIZE=6',
      ]);
    });
  });

  it('uses no extension that the server does not offer', async () => {
    await withServer({ extensions: [] }, {}, async (server, courier) => {
      await courier.deliver(parcelOf('a: \xe9\r\n'));
      expect(server.received[0]?.mailOptions).toBe('');
    });
  });

  it('asks for reports of failures with the header alone where DSN is offered, but not for <>', async () => {
    await withServer({ extensions: ['DSN'] }, {}, async (server, courier) => {
      await courier.deliver(parcelOf('a: b\r\n', { id: 'ab12' }));
      await courier.deliver(parcelOf('a: b\r\n', { mailFrom: '' }));
      expect(server.received.map((one) => one.mailOptions)).toEqual(['RET=HDRS ENVID=ab12', '']);
      const recipients = server.commands.filter((line) => line.startsWith('RCPT'));
      expect(recipients).toEqual([
        'RCPT TO:<chris@corp.example> NOTIFY=FAILURE',
        'RCPT TO:<chris@corp.example>',
      ]);
    });
  });

  it('gives a repeated address to the server once, and answers it twice', async () => {
    await withServer({}, {}, async (server, courier) => {
      const recipients = ['chris@corp.example', 'chris@corp.example'];
      const { replies } = await courier.deliver(parcelOf('a: b\r\n', { recipients }));
      expect(replies.map((reply) => reply.verdict)).toEqual(['sent', 'sent']);
      expect(server.received[0]?.recipients).toEqual(['chris@corp.example']);
    });
  });

  it('tells who was put off for want of room in the transaction alone', async () => {
    const own: Record<string, string> = {
      'kelly@corp.example': '452 4.5.3 too many recipients',
      'dana@corp.example': '450 4.2.1 busy',
    };
    const recipients = ['chris@corp.example', ...Object.keys(own)];
    await withServer(
      { replies: (stage, { address }) => (stage === 'rcpt' ? own[address] : undefined) },
      {},
      async (_, courier) => {
        const { crowdedOut } = await courier.deliver(parcelOf('a: b\r\n', { recipients }));
        expect(crowdedOut).toEqual(['kelly@corp.example']);
      },
    );
  });

  it('ends a message above the announced SIZE for good, without sending it', async () => {
    await withServer({ extensions: ['SIZE 10'] }, {}, async (server, courier) => {
      const { replies } = await courier.deliver(parcelOf('eleven oct.'));
      expect(replies).toMatchObject([{ verdict: 'permanent', code: 552, enhancedCode: '5.3.4' }]);
      expect(replies[0]?.text).toMatch(/11 octets.* 10 /);
      expect(server.commands.some((line) => line.startsWith('MAIL'))).toBe(false);
      expect((await courier.deliver(parcelOf('ten octets'))).replies[0]?.verdict).toBe('sent');
    });
  });

  it('tells an international address only to a server that offers SMTPUTF8', async () => {
    const recipients = ['jürgen@bücher.example', 'chris@bücher.example'];
    await withServer({ extensions: ['8BITMIME'] }, {}, async (server, courier) => {
      const { replies } = await courier.deliver(parcelOf('a: b\r\n', { recipients }));
      expect(replies).toMatchObject([
        { verdict: 'permanent', enhancedCode: '5.6.7' },
        { address: 'chris@bücher.example', verdict: 'sent' },
      ]);
      expect(server.received[0]?.recipients).toEqual(['chris@xn--bcher-kva.example']);
      const sender = await courier.deliver(parcelOf('a: b\r\n', { mailFrom: 'jürgen@x.example' }));
      expect(sender.replies).toMatchObject([{ verdict: 'permanent', enhancedCode: '5.6.7' }]);
    });
    await withServer({ extensions: ['SMTPUTF8', 'SIZE'] }, {}, async (server, courier) => {
      await courier.deliver(parcelOf('a: b\r\n', { recipients }));
      expect(server.received[0]).toMatchObject({
        recipients: ['jürgen@xn--bcher-kva.example', 'chris@xn--bcher-kva.example'],
        mailOptions: 'SMTPUTF8 SIZE=6',
      });
    });
  });

  it('refuses an address that would end the command line, and sends to the others', async () => {
    await withServer({}, {}, async (server, courier) => {
      const recipients = ['a@corp.example>\r\nDATA', 'chris@corp.example'];
      const { replies } = await courier.deliver(parcelOf('a: b\r\n', { recipients }));
      expect(replies).toMatchObject([
        { verdict: 'permanent', enhancedCode: '5.1.3' },
        { verdict: 'sent' },
      ]);
      expect(server.received[0]?.recipients).toEqual(['chris@corp.example']);
    });
  });
});

describe('AUTH', () => {
  const auth = { username: 'connector', password: 'open sesame' };

  it.each(['PLAIN', 'LOGIN', 'CRAM-MD5'])(
    'logs in by %s, and keeps it out of the transcript',
    async (method) => {
      await withServer(
        { auth: { ...auth, mechanisms: method } },
        { login: () => Promise.resolve(auth) },
        async (server, courier) => {
          const { replies, transcript } = await courier.deliver(parcelOf('a: b\r\n'));
          expect(replies[0]?.verdict).toBe('sent');
          const text = transcript.join('\n');
          for (const command of server.commands.filter((line) =>
            /^AUTH PLAIN|^[A-Za-z0-9=]+$/.test(line),
          )) {
            const secret = command.replace('AUTH PLAIN ', '');
            if (secret !== 'DATA') expect(text).not.toContain(secret);
          }
          expect(text).toContain(`C: AUTH ${method}`);
        },
      );
    },
  );

  it.each(['PLAIN', 'LOGIN', 'CRAM-MD5'])(
    'lets mail wait on a wrong password by %s',
    async (method) => {
      await withServer(
        { auth: { ...auth, mechanisms: method } },
        { login: () => Promise.resolve({ ...auth, password: 'shut sesame' }) },
        async (server, courier) => {
          const { replies, destination } = await courier.deliver(parcelOf('a: b\r\n'));
          expect(replies).toMatchObject([
            { verdict: 'temporary', code: 535, enhancedCode: '5.7.8' },
          ]);
          expect(destination).toBe('down');
          expect(server.commands.some((line) => line.startsWith('MAIL'))).toBe(false);
        },
      );
    },
  );

  it('lets mail wait on a temporary failure of the login', async () => {
    await withServer(
      { auth, replies: (stage) => (stage === 'auth' ? '454 4.7.0 directory is away' : undefined) },
      { login: () => Promise.resolve(auth) },
      async (_, courier) => {
        const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
        expect(replies).toMatchObject([{ verdict: 'temporary', code: 454, enhancedCode: '4.7.0' }]);
      },
    );
  });

  it('tells no password to a server whose mechanisms it does not know', async () => {
    await withServer(
      { auth: { ...auth, mechanisms: 'NTLM GSSAPI' } },
      { login: () => Promise.resolve(auth) },
      async (server, courier) => {
        const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
        expect(replies[0]?.verdict).toBe('temporary');
        expect(replies[0]?.text).toMatch(/expected AUTH with one of PLAIN, .*, got NTLM GSSAPI$/);
        expect(server.commands.some((line) => line.startsWith('AUTH'))).toBe(false);
      },
    );
  });

  it('lets mail wait on a wrong password, even when the server echoes it', async () => {
    await withServer(
      { auth, replies: (stage) => (stage === 'auth' ? '535 5.7.8 not wrong-one' : undefined) },
      { login: () => Promise.resolve({ username: 'connector', password: 'wrong-one' }) },
      async (_, courier) => {
        const { replies, transcript } = await courier.deliver(parcelOf('a: b\r\n'));
        expect(replies).toMatchObject([
          { verdict: 'temporary', code: 535, text: 'the server refused the login: not ***' },
        ]);
        expect(transcript.join('\n')).not.toContain('wrong-one');
      },
    );
  });

  it('lets mail wait when the password can not be read, or the server has no AUTH', async () => {
    const unreadable = (): Promise<never> => Promise.reject(new Error('secret smtp is missing'));
    await withServer({ auth }, { login: unreadable }, async (_, courier) => {
      const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
      expect(replies).toMatchObject([{ verdict: 'temporary', text: 'secret smtp is missing' }]);
    });
    await withServer({}, { login: () => Promise.resolve(auth) }, async (server, courier) => {
      const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
      expect(replies[0]).toMatchObject({ verdict: 'temporary' });
      expect(replies[0]?.text).toContain('expected AUTH');
      expect(server.commands.some((line) => line.startsWith('AUTH'))).toBe(false);
    });
  });

  it('lets mail wait when the server wants a login that is not configured', async () => {
    await withServer({ auth }, {}, async (_, courier) => {
      const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
      expect(replies).toMatchObject([{ verdict: 'temporary', code: 530 }]);
    });
  });
});
