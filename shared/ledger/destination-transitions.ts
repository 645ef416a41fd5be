import type { HandOver } from '../courier/courier.ts';
import { DESTINATION_PAUSES_MS, DESTINATION_TRIES, PROBE_WAIT_MS } from '../limits.ts';
import type { DestinationRecord } from './destination-record.ts';
import type { Transition } from './ledger.ts';

/** May a delivery go ahead? */
export type Access =
  | { readonly kind: 'go' }
  /** The pause is over, and this delivery finds out for all others. */
  | { readonly kind: 'probe' }
  /** Not before `until`: it is down, or somebody is just finding out. */
  | { readonly kind: 'down'; readonly until: number; readonly fault: string };

/**
 * Asks to deliver. After a pause one asker becomes the probe, and the others wait for what it finds.
 * @param ask.until the probe counts as lost from then on: its process died
 */
export function askDestination(ask: {
  readonly identity: string;
  readonly token: string;
  readonly now: number;
  readonly until: number;
}): Transition<DestinationRecord, Access> {
  return (record) => {
    if (record?.identity !== ask.identity || record.openUntil === null) {
      return { store: null, answer: { kind: 'go' } };
    }
    const isProbed = record.probe !== null && record.probe.until > ask.now;
    if (record.openUntil > ask.now || isProbed) {
      const until = isProbed ? ask.now + PROBE_WAIT_MS : record.openUntil;
      return { store: null, answer: { kind: 'down', until, fault: record.fault ?? '' } };
    }
    const store = { ...record, probe: { token: ask.token, until: ask.until } };
    return { store, answer: { kind: 'probe' } };
  };
}

/** What a delivery found out. `down`, `back`: the destination went down with it, or is back; `stillDown`: a probe failed. */
export function tellDestination(told: {
  readonly identity: string;
  readonly host: string;
  readonly token: string;
  readonly sign: HandOver['destination'];
  readonly fault: string;
  readonly now: number;
}): Transition<DestinationRecord, 'unchanged' | 'down' | 'stillDown' | 'back'> {
  return (stored) => {
    const record = stored?.identity === told.identity ? stored : null;
    switch (told.sign) {
      case 'works':
        return works(record);
      case 'unclear':
        return unclear(record, told.token, told.now);
      case 'down':
        return down(record ?? fresh(told), told);
    }
  };
}

type Told = ReturnType<ReturnType<typeof tellDestination>>;

function fresh({ identity, host }: { identity: string; host: string }): DestinationRecord {
  return {
    ...{ identity, host, failures: 0, downSince: null, fault: null },
    ...{ openUntil: null, pauses: 0, probe: null },
  };
}

function works(record: DestinationRecord | null): Told {
  if (record === null || isClean(record)) return { store: null, answer: 'unchanged' };
  return { store: fresh(record), answer: record.openUntil === null ? 'unchanged' : 'back' };
}

/** The next delivery is a probe, whenever it comes. */
export function endPause(record: DestinationRecord): DestinationRecord {
  return { ...record, probe: null, openUntil: record.openUntil === null ? null : 0 };
}

/** Nothing to remember. */
export function isClean(record: DestinationRecord): boolean {
  return record.failures === 0 && record.openUntil === null;
}

/** A probe that found nothing out makes room for the next. */
function unclear(record: DestinationRecord | null, token: string, now: number): Told {
  if (record?.probe?.token !== token) return { store: null, answer: 'unchanged' };
  return { store: { ...record, probe: null, openUntil: now }, answer: 'unchanged' };
}

function down(
  record: DestinationRecord,
  { token, fault, now }: { token: string; fault: string; now: number },
): Told {
  const isProbe = record.probe?.token === token;
  // Others that were under way when the pause began tell nothing new.
  if (record.openUntil !== null && !isProbe) return { store: null, answer: 'unchanged' };
  const failures = record.failures + 1;
  const noted = { ...record, failures, fault, downSince: record.downSince ?? now, probe: null };
  if (failures < DESTINATION_TRIES && !isProbe) return { store: noted, answer: 'unchanged' };
  const store = {
    ...noted,
    openUntil: now + pauseAfter(record.pauses),
    pauses: record.pauses + 1,
  };
  return { store, answer: isProbe ? 'stillDown' : 'down' };
}

function pauseAfter(pauses: number): number {
  const last = DESTINATION_PAUSES_MS.length - 1;
  return DESTINATION_PAUSES_MS[Math.min(pauses, last)] ?? PROBE_WAIT_MS;
}
