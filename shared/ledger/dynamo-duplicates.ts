import { createHash } from 'node:crypto';

import { inParallel } from './dynamo-table.ts';
import type { Attributes, DynamoTable, ItemKey } from './dynamo-table.ts';
import type { DuplicateClaim, DuplicateLedger } from './ledger.ts';

/** A claim that expires between the refused write and the look at its owner is asked for again. */
const ROUNDS = 5;

/** Duplicate claims in DynamoDB: one item each, written by whoever is first. */
export function dynamoDuplicates(table: DynamoTable): DuplicateLedger {
  return {
    claim: async (claims, owner, times) => {
      const owners = new Map<number, string>();
      await inParallel([...claims.entries()], async ([at, claim]) => {
        owners.set(at, await claimOne(table, keyOf(claim), owner, times));
      });
      return claims.map((_, at) => owners.get(at) ?? owner);
    },
  };
}

async function claimOne(
  table: DynamoTable,
  key: ItemKey,
  owner: string,
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
): Promise<string> {
  // DynamoDB expires by whole seconds, and hours late: so the time is compared here, and never to the claim's loss.
  const attributes = { o: { S: owner }, expiresAt: { N: String(Math.ceil(expiresAt / 1000)) } };
  const condition = {
    expression: 'attribute_not_exists(pk) OR expiresAt <= :now OR o = :me',
    values: { ':now': { N: String(Math.floor(now / 1000)) }, ':me': { S: owner } },
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round > 0) await table.pause(round);
    const result = await table.put(key, attributes, condition);
    if (result.kind === 'written') return owner;
    const found = result.found ?? (await table.get(key));
    if (found !== null) return ownerIn(table, key, found);
  }
  throw table.faultIn(key, 'the owner of a duplicate claim', 'a claim that comes and goes');
}

function ownerIn(table: DynamoTable, key: ItemKey, item: Attributes): string {
  const owner = item['o']?.S;
  if (owner === undefined) throw table.faultIn(key, 'the owner of a duplicate claim', 'none');
  return owner;
}

/** Hashed: addresses of any length fit, and the table does not list who gets mail. JSON keeps the parts apart. */
function keyOf({ mailbox, recipient, duplicateKey }: DuplicateClaim): ItemKey {
  const claim = JSON.stringify([mailbox, recipient, duplicateKey]);
  return { pk: `duplicate#${createHash('sha256').update(claim).digest('base64url')}`, sk: '-' };
}
