/** Octets of one parameter in SSM's standard tier, which is free. */
const PART_OCTETS = 4096;

/** A name below the tree's root: the value's own, and the number of a part that continues it. */
const NAME = /^((?:settings|mailboxes|secrets)\/[^/]+)(?:\/([2-9]|[1-9]\d+))?$/;

/** Cuts a value into parts of at most 4,096 octets, never within a character: each has to be text by itself. */
export function splitValue(value: string): readonly string[] {
  const octets = Buffer.from(value);
  const parts: string[] = [];
  for (let start = 0; start < octets.length;) {
    let end = Math.min(start + PART_OCTETS, octets.length);
    while (end < octets.length && isContinuation(octets[end])) end -= 1;
    parts.push(octets.toString('utf8', start, end));
    start = end;
  }
  return parts.length === 0 ? [''] : parts;
}

/**
 * Whether a part may have a successor: {@link splitValue} fills each but for the rest of one character (RFC 3629: at
 * most 4 octets), so a shorter one is the last, and need not cost a request to find that out.
 */
export function mayContinue(part: string): boolean {
  return Buffer.byteLength(part) > PART_OCTETS - 4;
}

/** Values by their own name, their parts joined in number order. */
export function joinParts(
  parameters: Iterable<{ readonly name: string; readonly value: string }>,
): ReadonlyMap<string, string> {
  const parts = new Map<string, { readonly number: number; readonly value: string }[]>();
  for (const { name, value } of parameters) {
    const [, whole, number = '1'] = NAME.exec(name) ?? [];
    if (whole === undefined) continue;
    parts.set(whole, [...(parts.get(whole) ?? []), { number: Number(number), value }]);
  }
  return new Map(
    [...parts].map(([name, list]) => {
      const inOrder = list.toSorted((one, other) => one.number - other.number);
      return [name, inOrder.map(({ value }) => value).join('')];
    }),
  );
}

/** RFC 3629 section 3: the second and later octets of a character. */
function isContinuation(octet: number | undefined): boolean {
  return octet !== undefined && (octet & 0xc0) === 0x80;
}
