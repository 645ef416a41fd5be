/** All well. */
export const WELL = 0;
/** Something failed, waits or is held, or a mailbox is not ok. */
export const NOT_WELL = 1;
/** The command line or the configuration is wrong. */
export const WRONG_USE = 2;

/** Ends the command with status 2; the message is for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
