/**
 * Takes the content of DATA off the wire as a strict server does (RFC 5321 section 4.5.2): only CRLF.CRLF ends it,
 * whatever bare CRs and LFs stand around a dot, and only a dot after CRLF is taken away.
 */
export class DotDecoder {
  /** Starts as if a line had just ended, so that a first line of a dot alone ends an empty message. */
  #held: Buffer = Buffer.from('\r\n');
  readonly #parts: Buffer[] = [];

  /** @returns what followed the final dot, or null while the content goes on */
  push(chunk: Buffer): Buffer | null {
    const octets = Buffer.concat([this.#held, chunk]);
    let from = 0;
    for (;;) {
      const dot = octets.indexOf('\r\n.', from, 'latin1');
      if (dot < 0) break;
      const after = octets.subarray(dot + 3, dot + 5).toString('latin1');
      if (after === '\r\n') {
        this.#parts.push(octets.subarray(from, dot + 2));
        return octets.subarray(dot + 5);
      }
      // Too early to tell a stuffed dot from the end.
      if (after === '' || after === '\r') return this.#hold(octets, from, dot);
      this.#parts.push(octets.subarray(from, dot + 2));
      from = dot + 3;
    }
    return this.#hold(octets, from, Math.max(from, octets.length - 2));
  }

  content(): Buffer {
    return Buffer.concat(this.#parts).subarray(2);
  }

  #hold(octets: Buffer, from: number, to: number): null {
    this.#parts.push(octets.subarray(from, to));
    this.#held = octets.subarray(to);
    return null;
  }
}
