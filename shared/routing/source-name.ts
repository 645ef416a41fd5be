import type { RecipientSource } from '../settings/settings.ts';

/** Names of the fields that a source reads, as `explain` calls them. */
export function sourceFields(source: RecipientSource): readonly string[] {
  switch (source.kind) {
    case 'header':
      return [source.header];
    case 'received':
      return ['Received'];
    case 'resent':
      return ['Resent-To', 'Resent-Cc'];
    case 'to':
      return ['To', 'Cc'];
  }
}

/** A source in words: `X-Original-To (topmost, above Received by provider.example)`. */
export function sourceName(source: RecipientSource): string {
  switch (source.kind) {
    case 'header': {
      const trust = source.by === null ? '' : `, above Received by ${source.by}`;
      return `${source.header} (${positionName(source.position)}${trust})`;
    }
    case 'received':
      return `Received by ${source.by}`;
    case 'resent':
      return 'Resent-To, Resent-Cc (newest block)';
    case 'to':
      return 'To, Cc, Apparently-To';
  }
}

function positionName(position: number): string {
  if (position === 1) return 'topmost';
  if (position === -1) return 'last';
  return position > 0 ? `number ${position} from the top` : `number ${-position} from the end`;
}
