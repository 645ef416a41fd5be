import { hostname } from 'node:os';

import type { MailboxExamination } from '../../functions/api/look/examine-mailbox.ts';
import { systemClock } from '../../shared/clock.ts';
import { examineDestination } from '../../shared/courier/examination.ts';
import type { DestinationExamination } from '../../shared/courier/examination.ts';
import { asFailure } from '../../shared/failure.ts';
import { EXAMINATION_MS } from '../../shared/limits.ts';
import { destinationOf } from '../../shared/settings/destination.ts';
import type {
  GeneralSettings,
  Mailbox,
  Problem,
  Secrets,
  SmtpDelivery,
} from '../../shared/settings/settings.ts';
import type { Looker } from '../looker.ts';
import { destinationFindings } from './destination-findings.ts';
import type { Finding } from './finding.ts';
import { error, info } from './finding.ts';
import { mailboxFindings } from './mailbox-findings.ts';
import { quirksOf } from './provider-quirks.ts';
import type { NamedQuirk } from './provider-quirks.ts';

/** What `mailferry doctor --json` prints. */
export interface Diagnosis {
  readonly mailboxes: readonly MailboxDiagnosis[];
  /** Null: not looked at, since only some mailboxes were asked for. */
  readonly destination: DestinationDiagnosis | null;
  /** What is wrong with the configuration; mailboxes that it makes unusable are not looked at. */
  readonly problems: readonly Problem[];
}

export interface MailboxDiagnosis {
  readonly id: string;
  /** Null: not even that could be done, and the findings say why. */
  readonly examination: MailboxExamination | null;
  readonly quirks: readonly NamedQuirk[];
  /** Worst first. */
  readonly findings: readonly Finding[];
}

export interface DestinationDiagnosis {
  /** For people. */
  readonly server: string;
  readonly examination: DestinationExamination | null;
  readonly findings: readonly Finding[];
}

export interface Visit {
  readonly looker: Looker;
  readonly general: GeneralSettings;
  readonly mailboxes: readonly Mailbox[];
  readonly problems: readonly Problem[];
  readonly secrets: Secrets;
  readonly withDestination: boolean;
  readonly force: boolean;
  /** The functions connect from AWS, and not from here. */
  readonly onStage: boolean;
}

/** Looked at at once: mailboxes at one provider are not to look like an attack. */
const AT_ONCE = 4;

/** Looks at everything, each within its own time; what is wrong with one hides none of the others. */
export async function diagnose(visit: Visit): Promise<Diagnosis> {
  const [mailboxes, destination] = await Promise.all([
    diagnoseMailboxes(visit),
    visit.withDestination ? diagnoseDestination(visit) : null,
  ]);
  return { mailboxes, destination, problems: visit.problems };
}

async function diagnoseMailboxes(visit: Visit): Promise<MailboxDiagnosis[]> {
  const found = new Map<string, MailboxDiagnosis>();
  const queue = [...visit.mailboxes];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      found.set(next.id, await diagnoseMailbox(visit, next));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return visit.mailboxes.flatMap(({ id }) => found.get(id) ?? []);
}

async function diagnoseMailbox(visit: Visit, mailbox: Mailbox): Promise<MailboxDiagnosis> {
  const { id } = mailbox;
  try {
    const examination = await visit.looker.examine(id, visit.force);
    const findings = mailboxFindings(mailbox, examination, systemClock.now());
    return { id, examination, quirks: quirksOf(mailbox, examination), findings };
  } catch (fault) {
    const { kind, message } = asFailure(fault);
    return { id, examination: null, quirks: [], findings: [error(`${kind}: ${message}`)] };
  }
}

async function diagnoseDestination(visit: Visit): Promise<DestinationDiagnosis> {
  const { general, onStage } = visit;
  const { delivery, limits } = general;
  const server = destinationOf(delivery).host;
  if (delivery.transport === 'ses') {
    const text = 'Amazon SES is not looked at: whether it takes mail, its first message shows';
    const advice = `the address ${delivery.ses.from} has to be verified, and the account out of the sandbox`;
    return { server, examination: null, findings: [info(text, advice)] };
  }
  const examination = await examineDestination({
    server: delivery.smtp,
    lmtp: delivery.transport === 'lmtp',
    login: loginOf(delivery, visit.secrets),
    helloName: hostname(),
    clock: systemClock,
    withinMs: EXAMINATION_MS,
  });
  const findings = destinationFindings(delivery, examination, limits, systemClock.now());
  const fromHere = info('looked at from this machine; the functions connect from AWS');
  return { server, examination, findings: onStage ? [...findings, fromHere] : findings };
}

function loginOf({ smtp }: SmtpDelivery, secrets: Secrets) {
  const { username, password } = smtp;
  if (username === null || password === null) return null;
  return async () => ({ username, password: await secrets.read(password) });
}
