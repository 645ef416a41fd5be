import { readFileSync } from 'node:fs';

import { sqlite } from '../ledger/sqlite-ledger.ts';
import { missing } from './not-there.ts';

export const planted = [readFileSync, sqlite, missing];
