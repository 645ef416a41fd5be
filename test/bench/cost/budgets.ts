import type { Usage } from './price-table.ts';
import type { Recorded } from './stage-functions.ts';
import type { Story } from './story.ts';

export interface Checked {
  readonly what: string;
  readonly figure: number;
  /** At most. */
  readonly budget: number;
}

/** The budgets of the design, beside what was counted. */
export function checkedBudgets(story: Story, message: Usage, dollarsOfMillion: number): Checked[] {
  const { messages, inBulk } = story;
  const a = (operation: string) => (inBulk.count.requests.get(operation) ?? 0) / messages;
  return [
    { what: 'S3 PUT a message', figure: a('S3 PutObject'), budget: 1 },
    { what: 'S3 GET a message', figure: a('S3 GetObject') + a('S3 HeadObject'), budget: 2 },
    { what: 'S3 LIST a message', figure: a('S3 ListObjectsV2'), budget: 0 },
    { what: 'S3 COPY a message', figure: a('S3 CopyObject'), budget: 0 },
    {
      what: 'DynamoDB write units a message, indexes apart',
      figure: unitsOfMessages(inBulk.count.writeUnits) / messages,
      budget: 5,
    },
    {
      what: 'DynamoDB write units a message for the indexes',
      figure: inBulk.count.indexWriteUnits / messages,
      budget: 2,
    },
    { what: 'SQS requests a message, those of AWS too', figure: message.sqs ?? 0, budget: 1.5 },
    {
      what: 'ledger reads of a poll without news, its lease apart',
      figure: unitsBeside(story.polls, 'mailbox') / (story.polls.calls.get('fetch') ?? 1),
      budget: 1,
    },
    { what: 'dollars a million messages by SMTP', figure: dollarsOfMillion, budget: 12 },
  ];
}

/** Counted figures are quotients, and a run's own writes are not a message's. */
export function isKept({ figure, budget }: Checked): boolean {
  return figure <= budget + 1e-9;
}

/** What a run writes whether it brings one message or a thousand is not the messages'. */
function unitsOfMessages(units: ReadonlyMap<string, number>): number {
  return [...units]
    .filter(([kind]) => !['mailbox', 'destination', 'settings'].includes(kind))
    .reduce((sum, [, ofKind]) => sum + ofKind, 0);
}

function unitsBeside({ count }: Recorded, kind: string): number {
  return [...count.readUnits]
    .filter(([name]) => name !== kind)
    .reduce((sum, [, units]) => sum + units, 0);
}
