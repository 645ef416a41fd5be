import type { DestinationExamination } from '../../shared/courier/examination.ts';
import { isLoopback } from '../../shared/settings/host-name.ts';
import type { Limits, SmtpDelivery } from '../../shared/settings/settings.ts';
import type { Finding } from './finding.ts';
import { error, info, warning } from './finding.ts';
import { certificateFindings } from './tls-findings.ts';

const SMTP_PORT = 25;

/** What follows from what the destination showed, worst first. */
export function destinationFindings(
  delivery: SmtpDelivery,
  seen: DestinationExamination,
  limits: Limits,
  now: number,
): readonly Finding[] {
  const findings = [
    ...faultFindings(delivery, seen),
    ...channelFindings(delivery, seen),
    ...certificateFindings(delivery.smtp, seen.tls, now),
    ...loginFindings(delivery, seen),
    ...(seen.features.length === 0 ? [] : featureFindings(seen, limits)),
    ...portFindings(delivery),
  ];
  const rank = { error: 0, warning: 1, info: 2 };
  return findings.toSorted((one, other) => rank[one.severity] - rank[other.severity]);
}

function faultFindings(
  { smtp }: SmtpDelivery,
  { error: fault }: DestinationExamination,
): readonly Finding[] {
  if (fault === null) return [];
  const place = `${smtp.host}:${smtp.port}`;
  const advice: Readonly<Record<string, string>> = {
    connect: `look at delivery.smtp.host and port (${place}), and at the firewall between here and there`,
    timeout: `look at delivery.smtp.host and port (${place}), at the firewall, and at delivery.smtp.tls`,
    tls: 'look at delivery.smtp.tls and port; for a certificate of your own authority set "ca", for one that you know "fingerprint"',
    login: 'look at delivery.smtp.username and password',
    secret: 'look at delivery.smtp.password',
  };
  return [error(`${fault.kind}: ${fault.message}`, advice[fault.kind] ?? null)];
}

function channelFindings({ smtp }: SmtpDelivery, seen: DestinationExamination): readonly Finding[] {
  if (smtp.tls !== 'none' || isLoopback(smtp.host)) return [];
  return [
    warning(
      'mail crosses the network readable for everybody on the way',
      seen.offersStartTls ? 'delivery.smtp.tls: starttls, which the server offers' : null,
    ),
  ];
}

function loginFindings({ smtp }: SmtpDelivery, seen: DestinationExamination): readonly Finding[] {
  const offersAuth = seen.features.some((one) => /^AUTH\b/i.test(one));
  if (seen.loggedIn === true) return [info(`logged in as ${smtp.username ?? ''}`)];
  if (smtp.username !== null || seen.features.length === 0) return [];
  return [
    info(
      offersAuth
        ? 'no login is configured; the server offers one, and may refuse mail without it'
        : 'no login is configured, and none is offered: the server has to take mail from this address',
    ),
  ];
}

function featureFindings({ features }: DestinationExamination, limits: Limits): readonly Finding[] {
  const has = (keyword: string): boolean =>
    features.some((one) => one.split(/[ =]/)[0]?.toUpperCase() === keyword);
  const size = Number(/^SIZE[ =](\d+)/im.exec(features.join('\n'))?.[1] ?? 0);
  return [
    ...sizeFindings(size, limits.messageBytes),
    ...(has('8BITMIME')
      ? []
      : [
          warning(
            'offers no 8BITMIME: mail with 8-bit octets is sent all the same, and may be refused or changed',
          ),
        ]),
    ...(has('SMTPUTF8')
      ? []
      : [info('offers no SMTPUTF8: mail from or to addresses beyond ASCII cannot be delivered')]),
    ...(has('PIPELINING') ? [] : [info('offers no PIPELINING: far-away servers are slow')]),
  ];
}

function sizeFindings(size: number, most: number | null): readonly Finding[] {
  if (size === 0) return [];
  if (most !== null && most <= size) return [info(`takes messages of up to ${size} octets`)];
  const limit = most === null ? 'no limit' : `${most} octets`;
  return [
    warning(
      `takes messages of up to ${size} octets, and limits.messageBytes is ${limit}: larger ones are fetched and then fail`,
      `limits.messageBytes: ${size}`,
    ),
  ];
}

function portFindings({ smtp }: SmtpDelivery): readonly Finding[] {
  if (smtp.port !== SMTP_PORT || isLoopback(smtp.host)) return [];
  return [
    info(
      'port 25 is closed for functions on AWS, and at many providers of virtual machines',
      'on AWS use port 587 or 465',
    ),
  ];
}
