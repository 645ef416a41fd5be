import { Failure } from '../failure.ts';
import { POP3_LISTING_OCTETS } from '../limits.ts';
import type { Connection } from './connection.ts';
import { LineBody } from './line-body.ts';
import type { ListedMail, Listing, MessageNumber } from './maildrop.ts';
import { inFull } from './status-line.ts';
import type { StatusLine } from './status-line.ts';

/** Number, spaces, and the rest exactly as it came: ids with spaces, above 70 octets or of any octets exist. */
const LINE = /^[ \t]*(\d{1,10})[ \t]+([^]+)$/;
const SIZE = /^(\d{1,15})(?:\s|$)/;

/** Answers to LIST or UIDL by message number. */
class Column<Value> {
  readonly values = new Map<MessageNumber, Value>();
  unreadable = 0;
  private readonly read: (text: string) => Value | null;
  private readonly onRepeat: (former: Value, latter: Value) => Value;

  constructor(
    read: (text: string) => Value | null,
    onRepeat: (former: Value, latter: Value) => Value,
  ) {
    this.read = read;
    this.onRepeat = onRepeat;
  }

  take(line: Buffer): void {
    const [, digits, rest] = LINE.exec(line.toString('latin1')) ?? [];
    // Read anew: V8 would keep the whole line for the sake of its end, tens of thousands of times.
    const value =
      rest === undefined ? null : this.read(line.toString('latin1', line.length - rest.length));
    const number = Number(digits) as MessageNumber;
    if (value === null || number === 0) {
      this.unreadable += 1;
      return;
    }
    const former = this.values.get(number);
    if (former === undefined) {
      this.values.set(number, value);
      return;
    }
    this.unreadable += 1;
    this.values.set(number, this.onRepeat(former, value));
  }
}

/**
 * LIST and UIDL (RFC 1939 sections 5 and 7) side by side. A line that cannot be read costs its own message only:
 * without a LIST line it is left out, without a UIDL line it has no id.
 * @param offersUidl whether CAPA lists UIDL
 * @throws Failure `protocol`, temporary, when LIST is refused or an answer never ends
 */
export async function readListing(connection: Connection, offersUidl: boolean): Promise<Listing> {
  const sizes = new Column<number>(readSize, (former) => former);
  // Two ids for one number: neither can be trusted.
  const ids = new Column<string | Ambiguous>(
    (text) => text,
    (former, latter) => (former === latter ? former : AMBIGUOUS),
  );
  const listBody = lines(connection, 'LIST', sizes);
  const uidlBody = lines(connection, 'UIDL', ids);
  const askForIds = () => connection.send({ line: 'UIDL', name: 'UIDL', body: uidlBody });
  const [list, firstUidl] = await Promise.all([
    connection.send({ line: 'LIST', name: 'LIST', body: listBody }),
    askForIds(),
  ]);
  if (list.status !== 'ok') throw refused(connection, 'LIST', list);
  // What is offered and refused may be a server that says good-bye: then there is no second answer.
  const uidl = firstUidl.status !== 'ok' && offersUidl ? await askForIds() : firstUidl;
  // A code says why it fails now; only a plain -ERR says that the server has no UIDL. Taking the one for the other
  // would fetch the whole maildrop again.
  if (uidl.status !== 'ok' && uidl.code !== null) throw refused(connection, 'UIDL', uidl);
  const hasUidl = uidl.status === 'ok';
  const mails = Array.from(sizes.values, ([number, size]) => listed(number, size, ids));
  const withoutId = hasUidl ? mails.filter((mail) => mail.uidl === null).length : 0;
  const withoutSize = [...ids.values.keys()].filter((number) => !sizes.values.has(number)).length;
  return {
    mails,
    hasUidl,
    unreadable:
      Math.max(sizes.unreadable + listBody.overlong, withoutSize) +
      Math.max(ids.unreadable + uidlBody.overlong, withoutId),
  };
}

const AMBIGUOUS = Symbol('two ids for one number');
type Ambiguous = typeof AMBIGUOUS;

function listed(number: MessageNumber, size: number, ids: Column<string | Ambiguous>): ListedMail {
  const uidl = ids.values.get(number);
  return { number, size, uidl: typeof uidl === 'string' ? uidl : null };
}

function lines(
  { lineEnds }: Connection,
  what: string,
  column: { take(line: Buffer): void },
): LineBody {
  return new LineBody(what, POP3_LISTING_OCTETS, lineEnds, (line) => {
    column.take(line);
  });
}

function readSize(text: string): number | null {
  const digits = SIZE.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

function refused(connection: Connection, command: string, reply: StatusLine): Failure {
  return new Failure(
    'protocol',
    'temporary',
    `expected ${connection.place} to answer ${command}, got: ${connection.quote(inFull(reply))}`,
  );
}
