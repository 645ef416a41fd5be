import type { z } from 'zod';
import { checkTargets, loopAddressOf } from './own-server.ts';
import type { Account } from './own-server.ts';
import type { Place } from './problem.ts';
import { checkRules } from './rule-check.ts';
import { isBlock, wrong } from './schema-fields.ts';
import type { Complete, Fields } from './schema-fields.ts';
import { readableRules, rules } from './schema-rule.ts';
import { recipientSource } from './schema-source.ts';
import { spam } from './schema-spam.ts';
import { address, choice, comparedAddressList, optional, targetList } from './schema-value.ts';
import type {
  DeliverySettings,
  GlobalMailbox,
  Problem,
  RecipientSource,
  SpamRule,
  UserMailbox,
} from './settings.ts';

/** Who gets the mail of a mailbox. */
export const recipientShape = {
  type: choice(['user', 'global']),
  deliverTo: optional(targetList),
  recipientSource: optional(recipientSource),
  ignore: optional(comparedAddressList),
  rules: optional(rules),
  undeliverable: optional(address),
  spam,
} satisfies Readonly<Record<string, z.ZodType>>;

export type RecipientFields = Fields<typeof recipientShape>;

/** What of the general settings a mailbox depends on; undefined: wrong there, and reported there. */
export interface MailboxSurroundings {
  readonly domains: readonly string[] | undefined;
  readonly undeliverable: string | null | undefined;
  readonly spam: SpamRule | null | undefined;
  readonly delivery: DeliverySettings | null;
}

/**
 * Reports what the settings of one mailbox say against each other, or against the general ones.
 * @param entry as it stands in the configuration
 */
export function checkRecipients(
  entry: unknown,
  fields: RecipientFields,
  { host, username }: { readonly [Key in keyof Account]: string | undefined },
  place: Place,
  surroundings: MailboxSurroundings,
  problems: Problem[],
): void {
  if (fields.type === 'user') checkUser(fields, place, problems);
  if (fields.type === 'global') {
    checkGlobal(fields, place, surroundings, problems);
    const readable = readableRules(isBlock(entry) ? entry['rules'] : null);
    checkRules(readable, [...place, 'rules'], problems);
  }
  checkSpam(fields, place, surroundings, problems);
  if (host === undefined || username === undefined) return;
  const loopAddress = loopAddressOf({ host, username }, destinationOf(surroundings));
  checkTargets(targetsOf(fields, place, surroundings), loopAddress, problems);
}

/** A user mailbox never looks at the header: what would choose recipients there is a misunderstanding, not a setting. */
function checkUser(fields: RecipientFields, place: Place, problems: Problem[]): void {
  if (fields.deliverTo === null) {
    problems.push(
      wrong([...place, 'deliverTo'], 'the addresses that this user mailbox is for', undefined),
    );
  }
  for (const key of ['recipientSource', 'ignore', 'rules'] as const) {
    if (fields[key] === null || fields[key] === undefined) continue;
    problems.push(wrong([...place, key], 'no such setting in a mailbox of type user', fields[key]));
  }
}

function checkGlobal(
  fields: RecipientFields,
  place: Place,
  surroundings: MailboxSurroundings,
  problems: Problem[],
): void {
  if (fields.deliverTo !== null && fields.deliverTo !== undefined) {
    problems.push(
      wrong(
        [...place, 'deliverTo'],
        'no such setting in a mailbox of type global',
        fields.deliverTo,
        'recipients are read from the header; fixed ones belong to type user',
      ),
    );
  }
  if (surroundings.domains?.length === 0) {
    const expected = `at least one accepted domain, since mailbox ${place.at(-1) ?? ''} is global`;
    problems.push({ ...wrong(['domains'], expected, []), got: 'none' });
  }
  if (fields.undeliverable === null && surroundings.undeliverable === null) {
    const expected =
      'an address here or in the general "undeliverable", since the mailbox is global';
    problems.push(wrong([...place, 'undeliverable'], expected, undefined));
  }
}

function checkSpam(
  fields: RecipientFields,
  place: Place,
  surroundings: MailboxSurroundings,
  problems: Problem[],
): void {
  if (fields.type !== 'user' || fields.undeliverable !== null) return;
  if (!spamIsUndeliverable(fields, surroundings) || surroundings.undeliverable !== null) return;
  const expected =
    'an address here or in the general "undeliverable", since the spam rule sends mail there';
  problems.push(wrong([...place, 'undeliverable'], expected, undefined));
}

function spamIsUndeliverable(
  { spam: own }: RecipientFields,
  general: MailboxSurroundings,
): boolean {
  return own !== undefined && (own ?? general.spam)?.action === 'undeliverable';
}

function destinationOf({ delivery }: MailboxSurroundings): string | undefined {
  return delivery?.transport === 'ses' ? undefined : delivery?.smtp.host;
}

/** What the mailbox's mail may be sent to by configuration; the general undeliverable mailbox where it has none. */
function targetsOf(
  fields: RecipientFields,
  place: Place,
  surroundings: MailboxSurroundings,
): readonly { readonly place: Place; readonly address: string }[] {
  const listed = (list: readonly string[], at: Place) =>
    list.map((one, index) => ({ address: one, place: [...at, index] }));
  const undeliverable = undeliverableOf(fields, surroundings);
  return [
    ...listed(fields.deliverTo ?? [], [...place, 'deliverTo']),
    ...(fields.rules ?? []).flatMap((rule, index) =>
      listed(rule.deliverTo, [...place, 'rules', index, 'deliverTo']),
    ),
    ...(undeliverable === null
      ? []
      : [{ address: undeliverable, place: [...place, 'undeliverable'] }]),
  ];
}

/** Its own, else the general one where its mail may go there; null: none. */
function undeliverableOf(
  fields: RecipientFields,
  surroundings: MailboxSurroundings,
): string | null {
  if (fields.undeliverable !== null) return fields.undeliverable ?? null;
  const isUsed = fields.type === 'global' || spamIsUndeliverable(fields, surroundings);
  return isUsed ? (surroundings.undeliverable ?? null) : null;
}

type UserPart = Pick<UserMailbox, 'type' | 'deliverTo' | 'undeliverable' | 'spam'>;
type GlobalPart = Pick<
  GlobalMailbox,
  'type' | 'recipientSource' | 'rules' | 'ignore' | 'loopAddress' | 'undeliverable' | 'spam'
>;

const TO: readonly RecipientSource[] = [{ kind: 'to' }];

/** @returns null when something was wrong that is reported already */
export function recipientPart(
  fields: Complete<RecipientFields>,
  account: Account,
  surroundings: MailboxSurroundings,
): UserPart | GlobalPart | null {
  const { deliverTo, undeliverable: own, spam: verdict } = fields;
  if (fields.type === 'user') {
    return { type: 'user', deliverTo: deliverTo ?? [], undeliverable: own, spam: verdict };
  }
  const undeliverable = own ?? surroundings.undeliverable ?? null;
  if (undeliverable === null) return null;
  return {
    type: 'global',
    recipientSource: fields.recipientSource ?? TO,
    rules: (fields.rules ?? []).map(({ when, deliverTo: targets }) => ({
      when,
      deliverTo: targets,
    })),
    ignore: new Set(fields.ignore ?? []),
    loopAddress: loopAddressOf(account, destinationOf(surroundings)),
    undeliverable,
    spam: verdict,
  };
}
