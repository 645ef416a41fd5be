import type { UidlRecord, UidlState } from '../../shared/ledger/uidl-record.ts';
import { sha256Of } from './spooled-message.ts';

export type TakenState = Extract<UidlState, { kind: 'taken' }>;

export function takenState(known: Partial<TakenState> = {}): TakenState {
  const sha256 = sha256Of(Buffer.from('message'));
  return { kind: 'taken', sha256, deleIn: null, shared: false, ...known };
}

/** Of a message that was taken and is listed. */
export function uidlRecord(known: Partial<UidlRecord> = {}): UidlRecord {
  return {
    uidlHash: sha256Of(Buffer.from('uidl')),
    size: 1000,
    headerDigest: sha256Of(Buffer.from('header')),
    state: takenState(),
    firstSeenAt: 5000,
    seenAt: 5000,
    goneAt: null,
    trouble: null,
    ...known,
  };
}
