import { connect } from 'node:net';

import { sqlite } from '../../shared/ledger/sqlite-ledger.ts';

export const planted = [connect, sqlite];
