import type { FieldsByName } from '../mail/header-block.ts';
import type { GeneralSettings, GlobalMailbox, RecipientSource } from '../settings/settings.ts';
import { MAX_ADDRESS_OCTETS, readSource } from './candidates.ts';
import type { SourceReading } from './candidates.ts';
import type { ConsultedSource, DecidedRecipient } from './decision.ts';
import type { FieldTexts } from './field-texts.ts';
import { ruleRecipients } from './rules.ts';
import { sourceFields, sourceName } from './source-name.ts';
import { Tally, united } from './tally.ts';

/** What the sources and rules of a global mailbox come to for one message. */
export interface Findings {
  readonly recipients: readonly DecidedRecipient[];
  readonly tally: Tally;
  /** In the order of the configuration, rules last. */
  readonly consulted: readonly ConsultedSource[];
  /** Names of the fields that were asked: `X-Original-To`, `To`, `Cc`. */
  readonly fields: readonly string[];
  /** Addresses of the envelope that led to nobody, lower case: tells the copies for different people apart. */
  readonly strayed: readonly string[];
  /** So many octets of address fields were more than are read; null: all were read. */
  readonly tooManyOctets: number | null;
}

/** Asks each source in its order, until one yields an accepted address, and the rules where they are to be asked. */
export function findRecipients(
  header: Buffer,
  fields: FieldsByName,
  mailbox: GlobalMailbox,
  general: GeneralSettings,
  textsOf: FieldTexts,
): Findings {
  const { ignore, loopAddress } = mailbox;
  const search = new Search(header, fields, new Tally({ ...general, ignore, loopAddress }));
  for (const source of mailbox.recipientSource) {
    search.ask(source);
    if (search.tooManyOctets !== null) break;
  }
  search.askRules(mailbox, textsOf);
  return search;
}

class Search implements Findings {
  readonly tally: Tally;
  readonly consulted: ConsultedSource[] = [];
  readonly fields: string[] = [];
  readonly strayed: string[] = [];
  recipients: readonly DecidedRecipient[] = [];
  tooManyOctets: number | null = null;
  readonly #header: Buffer;
  readonly #fields: FieldsByName;
  #octets = 0;
  #decided: RecipientSource | null = null;

  constructor(header: Buffer, fields: FieldsByName, tally: Tally) {
    this.#header = header;
    this.#fields = fields;
    this.tally = tally;
  }

  ask(source: RecipientSource): void {
    const reading = this.#read(source);
    if (this.#decided !== null) {
      this.#passOver(source, reading, this.#decided);
      return;
    }
    if (this.#octets > MAX_ADDRESS_OCTETS) {
      this.tooManyOctets = this.#octets;
      return;
    }
    this.recipients = this.tally.judge(reading.candidates);
    this.fields.push(...sourceFields(source));
    const isFound = this.recipients.length > 0;
    if (isFound) this.#decided = source;
    else if (source.kind !== 'to') this.strayed.push(...addressKeys(reading));
    const result = isFound ? 'decides' : (reading.fault ?? 'refused');
    this.#note(sourceName(source), reading.candidates.length, result);
  }

  /** Rules stand in for a guess: where the envelope names the recipients there is nothing to guess. */
  askRules({ rules }: GlobalMailbox, textsOf: FieldTexts): void {
    if (rules.length === 0 || this.tooManyOctets !== null) return;
    if (this.#decided !== null && this.#decided.kind !== 'to') {
      this.#note(RULES, 0, 'notAsked');
      return;
    }
    const added = ruleRecipients(rules, textsOf);
    this.#note(RULES, added.length, added.length > 0 ? 'decides' : 'refused');
    this.recipients = united([...this.recipients, ...added]);
  }

  #read(source: RecipientSource): SourceReading {
    const left = MAX_ADDRESS_OCTETS - this.#octets;
    const reading = readSource(source, this.#header, this.#fields, left);
    this.#octets += reading.octets;
    return reading;
  }

  #passOver(source: RecipientSource, { candidates }: SourceReading, by: RecipientSource): void {
    this.tally.passOver(candidates, sourceFields(by).join(', '));
    this.#note(sourceName(source), candidates.length, 'notAsked');
  }

  #note(source: string, addresses: number, result: ConsultedSource['result']): void {
    this.consulted.push({ source, addresses, result });
  }
}

const RULES = 'rules';

function addressKeys({ candidates }: SourceReading): string[] {
  return candidates.flatMap(({ entry }) => (entry.kind === 'address' ? [entry.address.key] : []));
}
