/**
 * How a server ends its own lines. RFC 1939 demands CRLF. A server that never wrote one CR, in status lines and
 * listings, does not write any in messages either: the end of one has to be looked for accordingly.
 */
export class LineEnds {
  private crlf = 0;
  private bare = 0;

  note(isCrlf: boolean): void {
    if (isCrlf) this.crlf += 1;
    else this.bare += 1;
  }

  get allBare(): boolean {
    return this.crlf === 0 && this.bare > 0;
  }
}
