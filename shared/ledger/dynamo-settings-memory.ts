import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';

import { Failure } from '../failure.ts';
import type { SettingsMemory } from '../settings/settings.ts';
import type { Attributes, DynamoTable, ItemKey } from './dynamo-table.ts';

const KEY: ItemKey = { pk: 'settings', sk: 'last-good' };

/** Octets, compressed: DynamoDB refuses items above 400 KiB. About 60,000 addresses of recipients. */
const MAX_OCTETS = 350_000;

/** The last good configuration in DynamoDB: one item, compressed, since lists of addresses are long. */
export function dynamoSettingsMemory(table: DynamoTable): SettingsMemory {
  /** Every function reads the configuration at its start; only a change is worth a write. */
  let known: string | null = null;
  return {
    load: async () => {
      const item = await table.get(KEY);
      return item === null ? null : documentIn(table, item);
    },
    store: async (document) => {
      const json = JSON.stringify(document);
      const digest = createHash('sha256').update(json).digest('base64url');
      if (known === digest) return;
      const stored = await table.get(KEY);
      if (stored?.['h']?.S !== digest) {
        await table.put(KEY, { h: { S: digest }, z: { B: compressed(json) } });
      }
      known = digest;
    },
  };
}

function compressed(json: string): Buffer {
  const packed = gzipSync(json);
  if (packed.length <= MAX_OCTETS) return packed;
  throw new Failure(
    'ledger',
    'permanent',
    `expected the configuration to fit one ledger item, ${MAX_OCTETS} octets compressed, got ${packed.length}`,
  );
}

function documentIn(table: DynamoTable, item: Attributes): unknown {
  try {
    return JSON.parse(gunzipSync(item['z']?.B ?? '').toString()) as unknown;
  } catch {
    throw table.faultIn(KEY, 'a kept configuration', 'something else');
  }
}
