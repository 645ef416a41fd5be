import { parseSettings } from '../../shared/settings/schema.ts';
import type { Settings, SmtpDelivery } from '../../shared/settings/settings.ts';

/** Settings of a small organisation whose provider and mail server listen on loopback. */
export function sampleSettings(ports: { pop3: number; smtp: number }): Settings {
  const common = { host: '127.0.0.1', port: ports.pop3, tls: 'none', password: 'secret' };
  return settingsOf({
    domains: ['corp.example'],
    undeliverable: 'admin@corp.example',
    delivery: {
      transport: 'smtp',
      // One connection, so that what a crash may repeat is one message.
      concurrency: 1,
      smtp: { host: '127.0.0.1', port: ports.smtp, tls: 'none' },
    },
    mailboxes: {
      chris: { ...common, type: 'user', username: 'chris', deliverTo: ['chris@corp.example'] },
      everyone: { ...common, type: 'global', username: 'everyone' },
    },
  });
}

/** @throws Error with what is wrong, so that a test never runs on half a configuration */
export function settingsOf(document: unknown): Settings {
  const parsed = parseSettings(document, {});
  const { general, mailboxes } = parsed;
  const errors = parsed.problems.filter((problem) => problem.severity === 'error');
  if (general === null || mailboxes === null || errors.length > 0) {
    throw new Error(`expected sound settings, got ${JSON.stringify(errors)}`);
  }
  return { general, mailboxes, broken: parsed.broken, problems: parsed.problems };
}

/** @throws Error for another transport */
export function smtpDeliveryOf({ general: { delivery } }: Settings): SmtpDelivery {
  if (delivery.transport !== 'ses') return delivery;
  throw new Error('expected SMTP or LMTP, got SES');
}
