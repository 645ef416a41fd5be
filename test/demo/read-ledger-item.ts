import { join } from 'node:path';

import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { sqliteLedger } from '../../shared/ledger/sqlite-ledger.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { Database } from '../../shared/sqlite/database.ts';

/** What the connector wrote down of a message, read after it has ended. */
export async function readLedgerItem(data: string, key: MessageKey): Promise<MessageItem | null> {
  const database = new Database(join(data, 'mailferry.sqlite'));
  try {
    const items = await sqliteLedger(database).messages.find([key]);
    return items.get(formatKey(key)) ?? null;
  } finally {
    database.close();
  }
}
