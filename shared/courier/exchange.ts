import { concernsSession } from './permanence.ts';
import { faultVerdict, transactionVerdict, type Verdict } from './reply-classification.ts';
import type { SmtpReply } from './smtp-reply.ts';

interface TakenReply extends SmtpReply {
  /** It came before the final dot was handed to the connection. */
  readonly early: boolean;
}

/**
 * What the server said in one mail transaction (RFC 5321 section 3.3). Replies come in the order of the commands, also
 * with PIPELINING (RFC 2920 section 3.1): MAIL, each RCPT, DATA, then one for the message, or in LMTP one for each
 * accepted recipient in their order (RFC 2033 section 4.2).
 */
export class Exchange {
  readonly #replies: TakenReply[] = [];
  readonly #recipients: number;
  readonly #lmtp: boolean;
  #fault = 'the connection ended without a reply';
  /** The content was opened: the server said 354. */
  begun = false;
  /** The final dot was handed to the connection. */
  ended = false;

  constructor(recipients: number, lmtp: boolean) {
    this.#recipients = recipients;
    this.#lmtp = lmtp;
  }

  take(reply: SmtpReply): void {
    this.#replies.push({ ...reply, early: !this.ended });
  }

  /** Why the transaction stopped; used for those whom no reply reached. */
  stopped(fault: string): void {
    this.#fault = fault;
  }

  /**
   * Whether the message may be sent. Only 354 says so: to a server that answered DATA with 250 and still reads commands,
   * the lines of a message would be commands. And only with a clear yes to somebody; in LMTP with none that is unclear,
   * since it decides about whom each later answer is.
   */
  get mayBegin(): boolean {
    const [mail, ...rcpts] = this.#replies.slice(0, 1 + this.#recipients);
    const isClear = this.#lmtp
      ? !rcpts.some((reply) => reply.positive && !isYes(reply))
      : rcpts.some(isYes);
    return this.#isToldToBegin && mail !== undefined && isYes(mail) && isClear;
  }

  get #isToldToBegin(): boolean {
    return this.#data?.code === 354;
  }

  /** A reply that is none, 421, or out of step: the session is not to be used again. */
  get broken(): boolean {
    const isSurplus = this.complete && this.#finals.length > this.#finalsExpected;
    const isHopeless = ({ code }: SmtpReply): boolean => code === null || code === 421;
    // After 2xx to DATA it may read on as content whatever comes: RSET would be part of a message, and wait for minutes.
    if (this.#data?.positive === true) return true;
    return isSurplus || this.#replies.some(isHopeless) || this.#finals.some(isTooEarly);
  }

  /** The message, or in LMTP one recipient, was refused after DATA. */
  get contentRefused(): boolean {
    return this.#finals.some((reply) => !reply.positive);
  }

  /** The message and every reply to it went through. */
  get complete(): boolean {
    const settled = this.#finals.filter((reply) => !isTooEarly(reply));
    return this.ended && settled.length >= this.#finalsExpected;
  }

  /** The server had not even taken the sender: a second try can not make a second copy. */
  get untouched(): boolean {
    const mail = this.#replies[0];
    return !this.begun && (mail === undefined || mail.code === 421);
  }

  /** MAIL was answered with something about the session or the account: the next message fares alike. */
  get sessionRefused(): boolean {
    const mail = this.#replies[0];
    return mail?.positive === false && concernsSession(mail.code, mail.enhancedCode);
  }

  /** One for each recipient, in the order of the RCPT commands. */
  verdicts(): Verdict[] {
    const accepted: number[] = [];
    for (let index = 0; index < this.#recipients; index += 1) {
      if (this.#rcpt(index)?.positive === true) accepted.push(index);
    }
    return Array.from({ length: this.#recipients }, (_, index) =>
      this.#verdict(index, accepted.indexOf(index)),
    );
  }

  #verdict(index: number, nthAccepted: number): Verdict {
    const mail = this.#replies[0];
    if (mail === undefined) return faultVerdict(this.#fault);
    if (!isYes(mail)) return transactionVerdict(mail);
    const rcpt = this.#rcpt(index);
    if (rcpt === undefined) return faultVerdict(this.#fault);
    if (!isYes(rcpt)) return transactionVerdict(rcpt);
    const final = this.#finals[this.#lmtp ? nthAccepted : 0];
    if (final !== undefined) return this.#finalVerdict(final);
    const data = this.#data;
    if (data === undefined || data.positive || this.#isToldToBegin)
      return faultVerdict(this.#fault);
    return transactionVerdict(data);
  }

  #finalVerdict(final: TakenReply): Verdict {
    if (isTooEarly(final)) {
      return faultVerdict(`the server replied before the end of the message: ${final.text}`);
    }
    return transactionVerdict(final);
  }

  get #data(): SmtpReply | undefined {
    return this.#replies[this.#recipients + 1];
  }

  #rcpt(index: number): SmtpReply | undefined {
    return this.#replies.slice(1, 1 + this.#recipients)[index];
  }

  get #finals(): TakenReply[] {
    return this.#replies.slice(this.#recipients + 2);
  }

  get #finalsExpected(): number {
    if (!this.#lmtp) return 1;
    return this.#replies.slice(1, 1 + this.#recipients).filter((reply) => reply.positive).length;
  }
}

/** Else `transactionVerdict` is asked, which would take a positive code for the end of the message. */
function isYes({ positive, code }: SmtpReply): boolean {
  return positive && code !== null;
}

/** A yes that came before the final dot is about something else: a server that lost step must not lose the mail. */
function isTooEarly({ positive, early }: TakenReply): boolean {
  return positive && early;
}
