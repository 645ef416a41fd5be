import type { Random } from '../../shared/clock.ts';
import { scriptOf } from './pop3-script.ts';
import type { Pop3Script } from './pop3-script.ts';
import { Pop3RuleBook } from './pop3-rule.ts';
import type { Pop3Rule } from './pop3-rule.ts';
import { wholeBetween } from './seeded-random.ts';
import type { ScriptedReply, SmtpMoment, SmtpStage } from './smtp-script.ts';

/** How often a reply is a fault, by stage: a session has one of most of them, and several RCPT. */
const SMTP_FAULTS: Readonly<Record<string, number>> = {
  connect: 0.03,
  ehlo: 0.02,
  mail: 0.03,
  rcpt: 0.08,
  data: 0.03,
  content: 0.06,
  quit: 0.1,
};
const REPLIES: readonly string[] = [
  'drop',
  'split',
  '421 4.3.2 closing',
  '451 4.3.0 try again',
  '450 4.7.1 greylisted',
  '452 4.2.2 mailbox full',
  '550 5.1.1 no such user',
  '554 5.7.1 refused',
  'nonsense',
];
/** Of those that refuse for good: few, or all mail ends in `Failed/`. */
const REFUSED = 0.7;

/** A mail server whose replies go wrong by chance, and that can be mended. */
export class FaultySmtp {
  isWell = false;
  /** A server that says nothing more is only of use where the process is killed soon. */
  mayHang = false;
  /** Sessions that took a message and lost the reply: the window for a second copy. */
  readonly lost = new Set<number>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  readonly replies = (stage: SmtpStage, { session }: SmtpMoment): ScriptedReply => {
    if (this.isWell || this.#random() >= (SMTP_FAULTS[stage] ?? 0)) return undefined;
    if (this.mayHang && this.#random() < 0.2) return 'hang';
    if (stage === 'content' && this.#random() < 0.3) {
      this.lost.add(session);
      return 'lose';
    }
    const reply = REPLIES[wholeBetween(this.#random, 0, REPLIES.length - 1)];
    const isRefusal = reply?.startsWith('5') === true;
    return isRefusal && this.#random() >= REFUSED ? '451 4.3.0 try again' : reply;
  };
}

const POP3_FAULTS: readonly ((random: Random) => Pop3Rule)[] = [
  () => ({ on: 'connect', times: 1, ignored: true, instead: '-ERR [SYS/TEMP] busy\r\n' }),
  () => ({ on: 'login', times: 1, ignored: true, instead: '-ERR [IN-USE] locked\r\n' }),
  () => ({ on: 'UIDL', times: 1, cut: 40, then: 'close' }),
  () => ({ on: 'LIST', times: 1, cut: 10, then: 'reset' }),
  (random) => ({ on: 'RETR', times: 1, cutBody: wholeBetween(random, 0, 300), then: 'close' }),
  (random) => ({ on: 'RETR', times: 1, cutBody: wholeBetween(random, 0, 300), then: 'reset' }),
  () => ({ on: 'RETR', times: 1, ignored: true, instead: '-ERR [SYS/TEMP] later\r\n' }),
  () => ({ on: 'DELE', times: 1, instead: '', then: 'close' }),
  () => ({ on: 'QUIT', times: 1, ignored: true, instead: '', then: 'close' }),
  () => ({ on: 'QUIT', times: 1, instead: '', then: 'close' }),
];

/** What the provider does wrong in one round: some of it, once each. */
export function faultyPop3(random: Random): Pop3Script {
  const chosen = POP3_FAULTS.filter(() => random() < 0.25).map((make) => make(random));
  return { ...scriptOf({}), rules: new Pop3RuleBook(chosen) };
}
