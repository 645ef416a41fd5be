import { sqlite } from '../../shared/ledger/sqlite-ledger.ts';

export const host: unknown = sqlite;
