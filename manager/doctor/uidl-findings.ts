import type { MailboxExamination } from '../../functions/api/look/examine-mailbox.ts';
import type { UidlFacts } from '../../functions/api/look/uidl-facts.ts';
import type { Mailbox } from '../../shared/settings/settings.ts';
import type { Finding } from './finding.ts';
import { error, info, warning } from './finding.ts';

/** RFC 1939 section 7. */
const MOST_OCTETS = 70;

/** What the unique ids of a server are good for. */
export function uidlFindings(mailbox: Mailbox, seen: MailboxExamination): readonly Finding[] {
  const { uidl } = seen;
  if (uidl === null) return [];
  if (!uidl.supported) return [withoutUidl(mailbox)];
  return [...stabilityFindings(mailbox, seen, uidl), ...shapeFindings(mailbox, uidl)];
}

function withoutUidl({ keep }: Mailbox): Finding {
  return keep === 'none'
    ? info('the server has no UIDL; with keep: none none is needed')
    : error(
        'the server has no UIDL, so what was fetched cannot be told from what is new',
        'keep: none',
      );
}

function stabilityFindings(
  { keep }: Mailbox,
  { messages, loginDelaySeconds }: MailboxExamination,
  { stable }: UidlFacts,
): readonly Finding[] {
  if (stable === true) return [info('its UIDLs were the same in two sessions')];
  if (stable === null) {
    const why =
      messages === 0
        ? 'there is no message'
        : (loginDelaySeconds ?? 0) > 0
          ? 'the server wants time between two logins'
          : 'messages came or went meanwhile, or there was no second session';
    return [info(`whether its UIDLs stay could not be seen: ${why}`)];
  }
  const text = 'its UIDLs were others in the second session';
  return [
    keep === 'none'
      ? info(`${text}; with keep: none that does no harm`)
      : warning(
          `${text}: every message is fetched again by every run, and known by its bytes`,
          'keep: none',
        ),
  ];
}

function shapeFindings({ keep }: Mailbox, uidl: UidlFacts): readonly Finding[] {
  const grave = keep === 'none' ? info : warning;
  return [
    ...(uidl.repeated === 0
      ? []
      : [
          grave(
            `${uidl.repeated} of its UIDLs stand for more than one message; these are fetched each time`,
          ),
        ]),
    ...(uidl.numbers
      ? [
          grave(
            'its UIDLs are message numbers, which name other messages as soon as one is deleted',
            keep === 'none' ? null : 'keep: none',
          ),
        ]
      : []),
    ...(uidl.longest > MOST_OCTETS
      ? [
          info(
            `its UIDLs are longer than the 70 octets of RFC 1939 (${uidl.longest}), which does no harm here`,
          ),
        ]
      : []),
  ];
}
