import { describe, expect, it } from 'vitest';

import { forgettableSince, isForgotten } from '../../shared/ledger/forgetting.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { markRemoved } from '../../shared/ledger/failed-transitions.ts';
import { noteGone, noteKept } from '../../shared/ledger/message-transitions.ts';
import { waitingItem } from '../support/message-items.ts';
import { uidlRecord } from '../support/uidl-records.ts';

function ended(state: 'sent' | 'failed', known: Partial<MessageItem> = {}): MessageItem {
  const item = waitingItem(['chris@corp.example']);
  const recipients = item.recipients.map((one) => ({ ...one, state }));
  return { ...item, recipients, endedAt: 2000, ...known };
}

describe('forgettableSince', () => {
  it.each<[string, MessageItem, number | null]>([
    ['its end', ended('sent'), 2000],
    ['a later sighting by bytes', ended('sent', { seenAt: 2500 }), 2500],
    ['its leaving the server', ended('sent', { goneAt: 3000, seenAt: 2500 }), 3000],
    ['the removal of its copy', ended('failed', { copyRemovedAt: 4000 }), 4000],
    ['never while its copy lies in Failed/', ended('failed'), null],
    ['never while it is on the server', ended('sent', { onServer: true }), null],
    ['never while it is open', waitingItem(['chris@corp.example'], { seenAt: 5 }), null],
  ])('counts from %s', (_, item, since) => {
    expect(forgettableSince(item)).toBe(since);
  });
});

describe('what fetch notes of a message that stays on the server', () => {
  it('is remembered until it has gone, and again when it comes back', () => {
    const kept = noteKept(3000)(ended('sent')).store;
    expect(kept === null ? null : forgettableSince(kept)).toBeNull();
    expect(noteKept(3500)(kept).store).toBeNull();
    const gone = noteGone(4000)(kept).store;
    expect(gone === null ? null : forgettableSince(gone)).toBe(4000);
    expect(noteGone(4500)(gone).store).toBeNull();
    const back = noteKept(5000)(gone).store;
    expect(back === null ? null : forgettableSince(back)).toBeNull();
  });

  it('is noted before there is a decision, and makes nothing of what is not known', () => {
    const first = noteKept(3000)(null).store;
    expect(first).toMatchObject({ decision: null, arrivedAt: 3000, onServer: true });
    expect(noteGone(1)(null).store).toBeNull();
  });

  it('a copy that is removed by hand is the last that was left of it', () => {
    const order = { now: 6000, rebuilt: null, by: 'kim@mail' };
    const removed = markRemoved(order)(ended('failed')).store;
    expect(removed === null ? null : forgettableSince(removed)).toBe(6000);
  });
});

describe('isForgotten', () => {
  it('counts from the day that the UIDL left the listing, never from its age', () => {
    expect(isForgotten(uidlRecord({ seenAt: 0 }), 1e15, 1)).toBe(false);
    expect(isForgotten(uidlRecord({ goneAt: 1000 }), 1499, 500)).toBe(false);
    expect(isForgotten(uidlRecord({ goneAt: 1000 }), 1500, 500)).toBe(true);
  });
});
