import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  ProjectionType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';

import {
  ADDRESSES,
  DAY,
  DAY_INDEX,
  FAILED,
  FAILED_INDEX,
  MESSAGE_ID,
} from '../../shared/ledger/dynamo-index-names.ts';

/** The ledger: what became of every message, and who has what. It stays when the stack goes. */
export class LedgerTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      // For `trace` and the sweep (shared/ledger/dynamo-index-names.ts); what they hold goes with the item.
      globalSecondaryIndexes: [
        {
          indexName: DAY_INDEX,
          partitionKey: { name: DAY, type: AttributeType.STRING },
          sortKey: { name: MESSAGE_ID, type: AttributeType.STRING },
          projectionType: ProjectionType.INCLUDE,
          nonKeyAttributes: [ADDRESSES],
        },
        {
          indexName: FAILED_INDEX,
          partitionKey: { name: FAILED, type: AttributeType.STRING },
          projectionType: ProjectionType.KEYS_ONLY,
        },
      ],
      timeToLiveAttribute: 'expiresAt',
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
