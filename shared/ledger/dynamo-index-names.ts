/**
 * A secondary index on the messages' own items, so that what is found expires with the item and is written with it.
 * It is keyed by the day of arrival and, within a day, by Message-ID, with a short digest of each address beside them:
 * a second index for the Message-ID would be a write unit more for each message, and an index entry for each address
 * one for each recipient. A Message-ID is asked for day by day, half a read unit each; to find an address, days are
 * read from the newest back, some 10,000 messages in 100 read units. Both only when somebody asks.
 */
export const DAY_INDEX = 'byDayAndId';
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
/** Of a message without a Message-ID, which is in the index too; no Message-ID is written so. */
export const NO_MESSAGE_ID = '-';
