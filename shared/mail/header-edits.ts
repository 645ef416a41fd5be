import type { HeaderEdits } from '../routing/decision.ts';
import { headerFields, lineEndOf, startsWithEmptyLine } from './header-block.ts';

/**
 * Removes, renames and adds fields; every other octet stays, in its place.
 *
 * What is added goes before the first field: From_ lines stay on top of it, and a first line that begins with a blank
 * never becomes a continuation of ours. A block without any field is body: an empty line then ends what is added.
 *
 * @param header a header block with the empty line that ends it ({@link splitHeader})
 * @param edits folding in `add` is CRLF and a blank; it is written with the message's own line end
 */
export function applyEdits(header: Buffer, edits: HeaderEdits): Buffer {
  const plan = editPlan(edits);
  const lineEnd = lineEndOf(header);
  const added = addedLines(edits.add, lineEnd);
  const parts: Buffer[] = [];
  let copied = 0;
  let fields = 0;
  for (const field of headerFields(header)) {
    const name = field.name.toLowerCase();
    const newName = plan.rename.get(name);
    fields += 1;
    if (fields === 1) {
      parts.push(header.subarray(0, field.start), added);
      copied = field.start;
    }
    if (plan.remove.has(name)) {
      parts.push(header.subarray(copied, field.start));
      copied = field.end;
    } else if (newName !== undefined) {
      parts.push(header.subarray(copied, field.start), newName);
      copied = field.nameEnd;
    }
  }
  if (fields === 0 && added.length > 0) parts.push(added, separator(header, lineEnd));
  parts.push(header.subarray(copied));
  return Buffer.concat(parts);
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
