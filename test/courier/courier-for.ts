import type { Courier } from '../../shared/courier/courier.ts';
import { smtpCourier, type SmtpCourierOptions } from '../../shared/courier/smtp-courier.ts';
import type { Transport } from '../../shared/settings/settings.ts';
import { systemClock } from '../../shared/clock.ts';

/** A courier for a scripted server in clear text; every wait is far longer than a test takes. */
export function courierFor(
  port: number,
  changes: Partial<Omit<SmtpCourierOptions, 'server'>> & {
    readonly server?: Partial<Transport>;
  } = {},
): Courier {
  const { server, ...rest } = changes;
  return smtpCourier({
    lmtp: false,
    login: null,
    concurrency: 2,
    helloName: 'connector.example',
    clock: systemClock,
    ...rest,
    server: {
      host: '127.0.0.1',
      port,
      tls: 'none',
      allowCleartext: true,
      ca: null,
      fingerprint: null,
      ...server,
    },
  });
}
