import type { HeaderEdits } from '../routing/decision.ts';
import { headerFields, lineEndOf, startsWithEmptyLine } from './header-block.ts';

/**
 * Removes, renames and adds fields; every other octet stays, in its place.
 *
 * What is added goes on top of all, as trace fields do (RFC 5321 section 4.4), also of a From_ line or of a first line
 * that begins with a blank; the latter then reads as a continuation of our last field, where a server that met it
 * first would have taken the whole header for body. A block without any field is body: an empty line then ends what
 * is added.
 *
 * @param header a header block with the empty line that ends it ({@link splitHeader})
 * @param edits folding in `add` is CRLF and a blank; it is written with the message's own line end
 */
export function applyEdits(header: Buffer, edits: HeaderEdits): Buffer {
  const plan = editPlan(edits);
  const lineEnd = lineEndOf(header);
  const added = addedLines(edits.add, lineEnd);
  const kept: Buffer[] = [];
  let copied = 0;
  let fields = 0;
  for (const field of headerFields(header)) {
    const name = field.name.toLowerCase();
    const newName = plan.rename.get(name);
    fields += 1;
    if (plan.remove.has(name)) {
      kept.push(header.subarray(copied, field.start));
      copied = field.end;
    } else if (newName !== undefined) {
      kept.push(header.subarray(copied, field.start), newName);
      copied = field.nameEnd;
    }
  }
  kept.push(header.subarray(copied));
  const isAllBody = fields === 0 && added.length > 0;
  return Buffer.concat([added, ...(isAllBody ? [separator(header, lineEnd)] : []), ...kept]);
}

function editPlan(edits: HeaderEdits): { remove: Set<string>; rename: Map<string, Buffer> } {
  const rename = Object.entries(edits.rename).map(([from, to]): [string, Buffer] => [
    from.toLowerCase(),
    Buffer.from(to, 'latin1'),
  ]);
  return {
    remove: new Set(edits.remove.map((name) => name.toLowerCase())),
    rename: new Map(rename),
  };
}

function addedLines(fields: readonly string[], lineEnd: string): Buffer {
  const lines = fields.map((field) => field.replaceAll('\r\n', lineEnd) + lineEnd);
  return Buffer.from(lines.join(''), 'utf8');
}

function separator(header: Buffer, lineEnd: string): Buffer {
  return Buffer.from(startsWithEmptyLine(header) ? '' : lineEnd, 'latin1');
}
