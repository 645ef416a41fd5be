/**
 * Secondary indexes on the messages' own items, so that what is found expires with the item and is written with
 * it. `byMessageId` is keyed by the Message-ID; `byDay` by the day of arrival, with a short digest of each address:
 * an index entry for each address would be a write unit for each recipient. To find an address, days are read from
 * the newest back, some 10,000 messages in 100 read units, and only when somebody asks.
 */
export const MESSAGE_ID_INDEX = 'byMessageId';
export const DAY_INDEX = 'byDay';
/**
 * Messages whose copy has to lie in `Failed/`, all under one key: sparse, so that other messages cost nothing. What the
 * sweep compares once a day.
 */
export const FAILED_INDEX = 'byFailed';
/**
 * The attributes that the indexes are made of. The table refuses any record, of whatever kind, that has another type
 * there: hence names that no form of a record uses for itself.
 */
export const MESSAGE_ID = 'byId';
export const DAY = 'byDay';
export const ADDRESSES = 'byWhom';
export const FAILED = 'byFailed';
/** The one key of {@link FAILED_INDEX}. */
export const IS_FAILED = 'failed';
