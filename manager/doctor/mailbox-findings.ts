import type { MailboxExamination } from '../../functions/api/look/examine-mailbox.ts';
import { isLoopback } from '../../shared/settings/host-name.ts';
import type { Mailbox } from '../../shared/settings/settings.ts';
import type { Finding } from './finding.ts';
import { error, info, warning } from './finding.ts';
import { certificateFindings } from './tls-findings.ts';
import { uidlFindings } from './uidl-findings.ts';

const DAY_MS = 24 * 3_600_000;

/** What follows from what the server of a mailbox showed, worst first. */
export function mailboxFindings(
  mailbox: Mailbox,
  seen: MailboxExamination,
  now: number,
): readonly Finding[] {
  const findings = [
    ...faultFindings(mailbox, seen),
    ...channelFindings(mailbox, seen),
    ...certificateFindings(mailbox, seen.tls, now),
    ...loginFindings(seen),
    ...uidlFindings(mailbox, seen),
    ...paceFindings(mailbox, seen),
    ...expiryFindings(mailbox, seen),
    ...offerFindings(mailbox, seen),
  ];
  return findings.toSorted((one, other) => RANK[one.severity] - RANK[other.severity]);
}

const RANK: Readonly<Record<Finding['severity'], number>> = { error: 0, warning: 1, info: 2 };

function faultFindings(mailbox: Mailbox, seen: MailboxExamination): readonly Finding[] {
  if (seen.withheld === 'busy') {
    return [info('a run is under way, so it was looked at without logging in', 'try again later')];
  }
  if (seen.error === null) return [];
  const { kind, message } = seen.error;
  if (seen.withheld === 'tooSoon') return [info(`${kind}: ${message}`, 'try again later')];
  // The first session went well: what the second one met is no fault of the settings.
  if (seen.messages !== null && seen.authentication.loggedIn) {
    return [
      warning(
        `the second session, right after the first, failed: ${message}`,
        'schedules that leave time between two runs',
      ),
    ];
  }
  return [error(`${kind}: ${message}`, ADVICE[kind]?.(mailbox) ?? null)];
}

const ADVICE: Readonly<Record<string, (mailbox: Mailbox) => string>> = {
  connect: ({ host, port }) =>
    `look at host and port (${host}:${port}), and at the firewall between here and there`,
  timeout: ({ host, port }) =>
    `look at host and port (${host}:${port}), at the firewall between here and there, and at "tls": a server that waits for TLS says nothing without it`,
  tls: ({ tls }) =>
    tls === 'implicit'
      ? 'look at port and "tls"; for a certificate of your own authority set "ca", for one that you know set "fingerprint"'
      : 'look at "tls"; for a certificate of your own authority set "ca", for one that you know set "fingerprint"',
  login: ({ id }) =>
    `look at "username" and "auth", and at the password: mailferry mailbox edit ${id} --password`,
  suspended: ({ id }) =>
    `put the right password in place: mailferry mailbox edit ${id} --password; or try the one there is: mailferry mailbox test ${id}`,
  secret: ({ id }) => `mailferry mailbox edit ${id} --password`,
};

function channelFindings(mailbox: Mailbox, seen: MailboxExamination): readonly Finding[] {
  if (mailbox.tls !== 'none' || isLoopback(mailbox.host)) return [];
  const offersStls = seen.capabilities.before?.includes('STLS') === true;
  return [
    warning(
      'password and mail cross the network readable for everybody on the way',
      offersStls ? 'tls: starttls, which the server offers' : 'tls: implicit, if it has port 995',
    ),
  ];
}

function loginFindings({ authentication, error: fault }: MailboxExamination): readonly Finding[] {
  const { mechanism, obstacle, loggedIn } = authentication;
  if (loggedIn) return [info(`logs in by ${mechanism ?? 'an unknown mechanism'}`)];
  if (mechanism !== null) return [info(`would log in by ${mechanism}`)];
  return obstacle === null || fault?.kind === 'login'
    ? []
    : [error(`no way to log in: ${obstacle}`)];
}

function paceFindings(
  mailbox: Mailbox,
  { loginDelaySeconds }: MailboxExamination,
): readonly Finding[] {
  if (loginDelaySeconds === null || loginDelaySeconds === 0) return [];
  const minutes = Math.ceil(loginDelaySeconds / 60);
  const { schedule } = mailbox;
  const text = `the server demands ${loginDelaySeconds} s between two logins (LOGIN-DELAY)`;
  return schedule.kind === 'every' && schedule.ms < loginDelaySeconds * 1000
    ? [warning(`${text}; runs that come sooner wait`, `schedule: every ${minutes}m`)]
    : [info(text)];
}

/** RFC 2449 section 6.7. */
function expiryFindings(
  mailbox: Mailbox,
  { capabilities }: MailboxExamination,
): readonly Finding[] {
  const lines = capabilities.after ?? capabilities.before ?? [];
  const [, text] =
    /^EXPIRE (\d+|NEVER)/.exec(lines.find((one) => one.startsWith('EXPIRE')) ?? '') ?? [];
  if (text === undefined || text === 'NEVER') return [];
  const days = Number(text);
  const { keep } = mailbox;
  if (keep === 'none') return [info(`the server deletes messages after ${days} days (EXPIRE)`)];
  const outlives = keep === 'forever' || keep === 'delivered' || keep.ageMs > days * DAY_MS;
  if (days === 0) {
    return [
      warning(
        'the server deletes messages by itself when they have been fetched (EXPIRE 0)',
        '"keep" other than none keeps nothing there',
      ),
    ];
  }
  return [
    (outlives ? warning : info)(
      `the server deletes messages after ${days} days (EXPIRE), whatever "keep" says`,
    ),
  ];
}

function offerFindings(mailbox: Mailbox, seen: MailboxExamination): readonly Finding[] {
  const { capabilities, pipelining, authentication } = seen;
  const lines = capabilities.after ?? capabilities.before;
  const found: Finding[] = [];
  if (lines === null) {
    if (seen.greeting !== null && seen.error === null) {
      found.push(
        info('the server knows no CAPA: it is old, and nothing is known of what it offers'),
      );
    }
    return found;
  }
  if (!lines.includes('TOP') && mailbox.initial !== 'all') {
    found.push(
      warning(
        '"initial" other than all expects a server with TOP, this one lists none',
        'initial: all',
      ),
    );
  }
  if (authentication.loggedIn && pipelining === 'none') {
    found.push(info('takes one command at a time, so far-away servers are slow'));
  }
  return found;
}
