import { describe, expect, it } from 'vitest';

import { loginAllowedAt, paceAfter } from '../../shared/ledger/login-pace.ts';
import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import type { LoginPace, MailboxRecord } from '../../shared/ledger/mailbox-record.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = 1000 * HOUR;
const LOGIN = { at: NOW, delayMs: 15 * MINUTE, tooSoon: false };
const REFUSED = { at: NOW, delayMs: null, tooSoon: true };

describe('paceAfter', () => {
  it('remembers what CAPA says, and forgets it when it says nothing any more', () => {
    const pace = paceAfter(null, 'c', LOGIN);
    expect(pace).toEqual({ connection: 'c', loginAt: NOW, delayMs: 15 * MINUTE, refusals: 0 });
    expect(paceAfter(pace, 'c', { ...LOGIN, delayMs: null })).toBeNull();
  });

  it('counts refusals in a row, and keeps what CAPA said before', () => {
    const once = paceAfter(paceAfter(null, 'c', LOGIN), 'c', REFUSED);
    expect(once).toMatchObject({ delayMs: 15 * MINUTE, refusals: 1 });
    expect(paceAfter(once, 'c', REFUSED)?.refusals).toBe(2);
    expect(paceAfter(once, 'c', LOGIN)?.refusals).toBe(0);
  });

  it('belongs to one account', () => {
    const once = paceAfter(null, 'c', REFUSED);
    expect(paceAfter(once, 'other', REFUSED)).toMatchObject({ connection: 'other', refusals: 1 });
  });

  it('stays as it is when nobody logged in, or the settings could not be read', () => {
    const pace = paceAfter(null, 'c', LOGIN);
    expect(paceAfter(pace, 'c', null)).toBe(pace);
    expect(paceAfter(pace, null, LOGIN)).toBe(pace);
  });
});

describe('loginAllowedAt', () => {
  const allowed = (pace: Partial<LoginPace>, more: Partial<MailboxRecord> = {}, now = NOW) =>
    loginAllowedAt(
      {
        ...NO_MAILBOX_RECORD,
        pace: { connection: 'c', loginAt: NOW - MINUTE, delayMs: null, refusals: 0, ...pace },
        ...more,
      },
      'c',
      now,
    );

  it('is the last login and what the server demands', () => {
    expect(allowed({ delayMs: 15 * MINUTE })).toBe(NOW + 14 * MINUTE);
    expect(loginAllowedAt(NO_MAILBOX_RECORD, 'c', NOW)).toBeNull();
  });

  it('grows with refusals that name no time, up to an hour', () => {
    const waits = [1, 2, 3, 4, 5, 50].map(
      (refusals) => (allowed({ loginAt: NOW, refusals }) ?? 0) - NOW,
    );
    expect(waits).toEqual([5, 10, 20, 40, 60, 60].map((minutes) => minutes * MINUTE));
  });

  it('believes no demand of more than a day', () => {
    expect(allowed({ delayMs: 999_999_999_000 })).toBe(NOW - MINUTE + 24 * HOUR);
  });

  it('counts a run that died as a login', () => {
    const died = { lastStartedAt: NOW - 1000, lastEndedAt: NOW - 2 * MINUTE };
    expect(allowed({ delayMs: 15 * MINUTE }, died)).toBe(NOW - 1000 + 15 * MINUTE);
  });

  it('does not wait for a login that a wrong clock recorded in the future', () => {
    expect(allowed({ loginAt: NOW + HOUR, delayMs: 15 * MINUTE })).toBeNull();
    expect(allowed({ loginAt: NOW + 1000, delayMs: 15 * MINUTE })).toBe(NOW + 1000 + 15 * MINUTE);
  });
});
