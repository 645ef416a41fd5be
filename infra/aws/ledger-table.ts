import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  ProjectionType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { GlobalSecondaryIndexPropsV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';

import { LEDGER_INDEXES } from '../../shared/ledger/dynamo-indexes.ts';
import type { LedgerIndex } from '../../shared/ledger/dynamo-indexes.ts';

/** The ledger: what became of every message, and who has what. It stays when the stack goes. */
export class LedgerTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      partitionKey: string('pk'),
      sortKey: string('sk'),
      // For `trace` and the sweep (shared/ledger/dynamo-index-names.ts); what they hold goes with the item.
      globalSecondaryIndexes: LEDGER_INDEXES.map(indexProps),
      timeToLiveAttribute: 'expiresAt',
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}

function indexProps({ name, partition, sort, also }: LedgerIndex): GlobalSecondaryIndexPropsV2 {
  return {
    indexName: name,
    partitionKey: string(partition),
    ...(sort === undefined ? {} : { sortKey: string(sort) }),
    ...(also.length === 0
      ? { projectionType: ProjectionType.KEYS_ONLY }
      : { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...also] }),
  };
}

function string(name: string): { readonly name: string; readonly type: AttributeType } {
  return { name, type: AttributeType.STRING };
}
