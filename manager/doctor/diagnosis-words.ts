import type { MailboxExamination } from '../../functions/api/look/examine-mailbox.ts';
import type { DestinationExamination } from '../../shared/courier/examination.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import type { TlsFacts } from '../../shared/tls/tls-facts.ts';
import { printable, say } from '../output.ts';
import type { DestinationDiagnosis, Diagnosis, MailboxDiagnosis } from './diagnosis.ts';
import type { Finding } from './finding.ts';

/** For people: what was seen, and what to change. */
export function sayDiagnosis({ mailboxes, destination, problems }: Diagnosis): void {
  for (const mailbox of mailboxes) say(...mailboxLines(mailbox).map(printable), '');
  if (destination !== null) say(...destinationLines(destination).map(printable), '');
  say(...problems.map((one) => printable(`configuration ${one.severity}: ${formatProblem(one)}`)));
}

function mailboxLines({ id, examination, quirks, findings }: MailboxDiagnosis): string[] {
  return [
    `mailbox ${id}${examination === null ? '' : ` at ${examination.server}`}`,
    ...(examination === null ? [] : factsOf(examination).map(indented)),
    ...findings.flatMap(findingLines),
    ...quirks.flatMap(({ provider, findings: known }) => [
      `  known of ${provider}:`,
      ...known.flatMap(findingLines),
    ]),
  ];
}

function factsOf(seen: MailboxExamination): string[] {
  const { tls, greeting, capabilities, messages, bytes } = seen;
  return [
    ...(greeting === null ? [] : [`greeting: ${greeting}`]),
    ...tlsLines(tls),
    ...capabilityLines('capabilities before the login', capabilities.before),
    ...capabilityLines('capabilities after the login', capabilities.after),
    ...(messages === null ? [] : [`messages: ${messages}, ${bytes ?? 0} octets by LIST`]),
  ];
}

function capabilityLines(title: string, lines: readonly string[] | null): string[] {
  return lines === null ? [] : [`${title}: ${lines.join(', ')}`];
}

function tlsLines(tls: TlsFacts | null): string[] {
  if (tls === null) return [];
  const { version, cipher, subject, names, issuer, validTo, verified } = tls;
  return [
    `TLS: ${version ?? 'unknown'}, ${cipher ?? 'unknown'}`,
    `certificate: ${names || subject}, issued by ${issuer}, valid until ${validTo ?? 'unknown'}, ${verified ? 'verified' : 'refused'}`,
  ];
}

function destinationLines({ server, examination, findings }: DestinationDiagnosis): string[] {
  return [
    `destination ${server}`,
    ...(examination === null ? [] : destinationFacts(examination).map(indented)),
    ...findings.flatMap(findingLines),
  ];
}

function destinationFacts({ greeting, tls, features }: DestinationExamination): string[] {
  return [
    ...(greeting === null ? [] : [`greeting: ${greeting}`]),
    ...tlsLines(tls),
    ...(features.length === 0 ? [] : [`offers: ${features.join(', ')}`]),
  ];
}

const MARKS: Readonly<Record<Finding['severity'], string>> = {
  error: 'ERROR  ',
  warning: 'warning',
  info: 'info   ',
};

function findingLines({ severity, text, advice }: Finding): string[] {
  const line = `  ${MARKS[severity]} ${text}`;
  return advice === null ? [line] : [line, `          → ${advice}`];
}

function indented(line: string): string {
  return `  ${line}`;
}
