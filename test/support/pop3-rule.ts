/** One thing that a scripted POP3 server does otherwise than a good one. All fields but `on` are optional. */
export interface Pop3Rule {
  /**
   * What it is about: a command line or its first words, without case (`RETR 2`, `LIST`), `connect` (the greeting), or
   * `login` (the last answer of whatever mechanism).
   */
  readonly on: string;
  /** Connections, counted from 1, in which it holds; absent: in all. */
  readonly sessions?: readonly number[];
  /** How often it holds; absent: always. */
  readonly times?: number;
  /** The command is answered but not obeyed: no mail is marked or deleted, nobody is logged in. */
  readonly ignored?: boolean;
  /** Sent in place of the answer, one character an octet; `{password}` stands for the one that the client sent. */
  readonly instead?: string;
  /** Sent before and behind the answer, in the same packet. */
  readonly before?: string;
  readonly after?: string;
  /** What becomes of the whole answer, one character an octet. */
  readonly rewrite?: (answer: string) => string;
  /** What becomes of the lines of a multi-line answer, status line and terminator apart. */
  readonly lines?: (lines: readonly string[]) => readonly string[];
  /** How many octets of the answer are sent; negative: all but so many. */
  readonly cut?: number;
  /** How many octets behind the status line are sent. */
  readonly cutBody?: number;
  /** Sent behind the answer without an end: as fast as it goes or, with `every`, once in so many milliseconds. */
  readonly endless?: string;
  readonly every?: number;
  /** Milliseconds before the answer. */
  readonly wait?: number;
  /** What comes after the answer instead of the next command. */
  readonly then?: 'close' | 'reset' | 'stall';
}

/** What a server's answer becomes. */
export interface RuledAnswer {
  readonly octets: Buffer;
  readonly endless: string | null;
  readonly every: number | null;
  readonly wait: number;
  readonly then: 'close' | 'reset' | 'stall' | null;
}

/** The rules of one server and how often each was met. The first that fits an event decides. */
export class Pop3RuleBook {
  readonly rules: readonly Pop3Rule[];
  private readonly met = new Map<Pop3Rule, number>();

  constructor(rules: readonly Pop3Rule[]) {
    this.rules = rules;
  }

  /** @param event a command line as received, `connect` or `login` */
  take(event: string, session: number): Pop3Rule | null {
    const rule = this.rules.find(
      (each) =>
        concerns(each, event) &&
        each.sessions?.includes(session) !== false &&
        this.timesMet(each) < (each.times ?? Infinity),
    );
    if (rule === undefined) return null;
    this.met.set(rule, this.timesMet(rule) + 1);
    return rule;
  }

  timesMet(rule: Pop3Rule): number {
    return this.met.get(rule) ?? 0;
  }
}

function concerns({ on }: Pop3Rule, event: string): boolean {
  return `${event} `.toUpperCase().startsWith(`${on} `.toUpperCase());
}

const UNTOUCHED = { endless: null, every: null, wait: 0, then: null } as const;

/**
 * Applies a rule to the answer of a good server.
 * @param password what the client sent; put for `{password}` in `instead`
 */
export function ruled(rule: Pop3Rule | null, answer: Buffer, password: string): RuledAnswer {
  if (rule === null) return { octets: answer, ...UNTOUCHED };
  const sent = Buffer.from(password, 'utf8').toString('latin1');
  const instead = rule.instead?.replaceAll('{password}', sent);
  const own = instead === undefined ? answer : Buffer.from(instead, 'latin1');
  const rewritten =
    rule.rewrite === undefined ? own : Buffer.from(rule.rewrite(own.toString('latin1')), 'latin1');
  const body = rule.lines === undefined ? rewritten : withLines(rewritten, rule.lines);
  const whole = Buffer.concat([
    Buffer.from(rule.before ?? '', 'latin1'),
    body,
    Buffer.from(rule.after ?? '', 'latin1'),
  ]);
  return {
    octets: whole.subarray(0, sentOf(rule, whole)),
    endless: rule.endless ?? null,
    every: rule.every ?? null,
    wait: rule.wait ?? 0,
    then: rule.then ?? null,
  };
}

function sentOf({ cut, cutBody }: Pop3Rule, answer: Buffer): number {
  if (cutBody !== undefined) return answer.indexOf('\n') + 1 + cutBody;
  if (cut === undefined) return answer.length;
  return cut < 0 ? Math.max(0, answer.length + cut) : cut;
}

function withLines(
  answer: Buffer,
  change: (lines: readonly string[]) => readonly string[],
): Buffer {
  const [status = '', ...lines] = answer.toString('latin1').split('\r\n');
  const changed = change(lines.slice(0, lines.lastIndexOf('.')));
  return Buffer.from([status, ...changed, '.', ''].join('\r\n'), 'latin1');
}
