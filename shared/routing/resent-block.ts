import { headerFields } from '../mail/header-block.ts';
import type { HeaderField } from '../mail/header-block.ts';

/**
 * The fields of the newest resent block (RFC 5322 section 3.6.6): each resending puts a block of its own on top, with
 * each field at most once. So a block ends where one of its names comes again, and where trace fields of an earlier
 * hop begin.
 */
export function newestResentBlock(header: Buffer): readonly HeaderField[] {
  const block: HeaderField[] = [];
  const names = new Set<string>();
  for (const field of headerFields(header)) {
    const name = field.name.toLowerCase();
    if (name.startsWith('resent-')) {
      if (names.has(name)) break;
      names.add(name);
      block.push(field);
    } else if (block.length > 0 && TRACE.has(name)) {
      break;
    }
  }
  return block;
}

const TRACE = new Set(['received', 'return-path']);
