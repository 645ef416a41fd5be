/** Every limit of the program, with its unit and its reason. Sections by area; a new limit joins its section. */

// --- ledger and pipeline ---

/**
 * Starts of a delivery that died over the message's octets before it is parked. Three happen by chance to a large
 * message when somebody kills the process again and again; ten in a row, with nothing in between, do not.
 */
export const MAX_STARTS = 10;

/** A fetch job older than this is dropped: the next tick, a minute later, makes a new one. Milliseconds. */
export const FETCH_JOB_MAX_AGE_MS = 2 * 60_000;

/** Lease of a mailbox between two heartbeats: a crashed run blocks its mailbox no longer. Milliseconds. */
export const LEASE_MS = 120_000;

/** A delivery claim outlives its attempt's own deadline by this, so that two attempts never overlap. Milliseconds. */
export const CLAIM_GRACE_MS = 60_000;

/** One attempt to deliver: RFC 5321 section 4.5.3.2 adds up to 10 minutes for the final reply alone. Milliseconds. */
export const DELIVERY_ATTEMPT_MS = 14 * 60_000;

/** How long a message has to lie without a live job before the sweep queues it again. Milliseconds. */
export const SWEEP_GRACE_MS = 15 * 60_000;

/** Mail that waits so long is worth a look: greylisting is over by then, and a restart of the mail system. Milliseconds. */
export const OLD_MAIL_MS = 2 * 3_600_000;

/** Duplicate claims live at least this long; longer where giving up takes longer. Milliseconds. */
export const DUPLICATE_CLAIM_MS = 14 * 24 * 3_600_000;

/**
 * What nothing asks for any more is remembered so long unless `limits.rememberDays` says otherwise: a provider that
 * restores a backup shows old mail again within days. Milliseconds.
 */
export const REMEMBER_MS = 30 * 24 * 3_600_000;

/** A sighting of known bytes is written at most this often. Milliseconds. */
export const SIGHTING_RENEWAL_MS = 24 * 3_600_000;

/** Recipients in one SMTP transaction: RFC 5321 section 4.5.3.1.8 asks servers to take at least these. */
export const RECIPIENTS_PER_TRANSACTION = 100;

/** Recipients in one call to Amazon SES: its own limit. */
export const SES_RECIPIENTS = 50;

/** The largest message that SES takes by the first version of its API, and by the second. Octets. */
export const SES_OCTETS = 10_000_000;
export const SES_LARGE_OCTETS = 40_000_000;

/** Tries in a row that find no session with the destination, before all mail for it is put off. */
export const DESTINATION_TRIES = 3;

/**
 * How long a destination that is down is left alone, growing; beyond the last, the last. One message then finds out for
 * all: a connection every quarter of an hour hammers nobody, and mail flows soon after the end of an outage.
 * Milliseconds.
 */
export const DESTINATION_PAUSES_MS: readonly number[] = [1, 2, 5, 10, 15].map((m) => m * 60_000);

/** Mail waits so long while another process finds out whether the destination is back. Milliseconds. */
export const PROBE_WAIT_MS = 60_000;

/** A process that knows the destination to work asks the ledger no more often. Milliseconds. */
export const DESTINATION_CACHE_MS = 10_000;

/** Octets of the first ranged read of a message by route: most header blocks are far smaller. */
export const HEADER_FIRST_READ = 64 * 1024;

/** A group that is taken into custody together shares syncs and commits; larger groups only cost memory. */
export const CUSTODY_GROUP_MESSAGES = 64;

/** Octets of such a group; two may be in memory at once, beside the window of retrieval. */
export const CUSTODY_GROUP_OCTETS = 8 * 1024 * 1024;

/** What is kept of a header block for people to see; its digest covers all of it. Octets. */
export const HEAD_OCTETS = 64 * 1024;

/** Header blocks of the backlog that are read before the messages among them are fetched. */
export const BACKLOG_READ_MESSAGES = 500;

/** From so many listed messages on the process makes room before it meets them. */
export const MANY_LISTED = 10_000;

/** Records of a listing that are written or looked up at once. */
export const RECORDS_AT_ONCE = 500;

/** The server fails to give a message so often in a row: it is left there, and people are told once. */
export const RETRIEVAL_TRIES = 3;

/** Then it is tried again after these times, the last one for good. Milliseconds. */
export const RETRIEVAL_GAPS_MS = [1, 2, 4, 8, 24].map((hours) => hours * 3_600_000);

/**
 * Kept messages not yet seen final that the mailbox record lists, 70 octets each: it is written several times a run,
 * and DynamoDB bills each KiB of it.
 */
export const UNSETTLED_LISTED = 500;

/** Messages that stay on a server are told of one by one; above so many in a run they share notices of so many. */
export const NOTICES_ONE_BY_ONE = 10;
export const NOTICE_ENTRIES = 100;

/** So many known UIDLs gone, and at least half as many new ones, are a server that numbers anew. */
export const RENUMBERED_UIDLS = 20;

/** A server that numbers anew at every session is told of once in this time. Milliseconds. */
export const RENUMBERING_QUIET_MS = 7 * 24 * 3_600_000;

/**
 * RETR commands and octets (by LIST) under way at once: measured at 40 ms, 64 is 8 to 11 times one at a time. What is
 * under way costs no memory of ours, and 8 MiB keep a line of 200 MB/s busy at 40 ms; what has come and waits does.
 */
export const RETRIEVAL_WINDOW = {
  messages: 64,
  octets: 8 * 1024 * 1024,
  held: 8 * 1024 * 1024,
} as const;

/** Failed runs in a row after which messages are retrieved one by one, so that one at fault bars no other. */
export const FAILURES_BEFORE_CARE = 3;

/** Messages behind which the session is asked whether its answers are in step: a round trip for each 16, at worst. */
export const CONFIRM_MESSAGES = 16;

/**
 * How far a message may outgrow `limits.messageBytes` while it is retrieved: LIST counts without the CR of line ends
 * on some servers, and one that was just small enough must not be begun in vain.
 */
export const OUTGROWN_FACTOR = 1.25;

/** The same where no limit is set: no mail is as large, and an answer without an end must not fill the disk. Octets. */
export const OUTGROWN_OCTETS = 4 * 1024 ** 3;

/** A run stops asking for messages this long before its time is up, and QUITs cleanly. Milliseconds. */
export const RUN_CLOSING_MS = 30_000;

/** Renewal of a lease; three fit into one lease, so that two may be lost. Milliseconds. */
export const LEASE_HEARTBEAT_MS = 40_000;

// --- mailbox ---

/** A clock that was corrected by less may come from two machines that differ a little. Milliseconds. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** Pause after the first failed run of a mailbox; doubled by each that follows. Milliseconds. */
export const BACKOFF_FIRST_MS = 2 * 60_000;

/** The longest such pause: a provider that is back is noticed within the hour. Milliseconds. */
export const BACKOFF_MAX_MS = 3_600_000;

/**
 * Failed runs in a row before people are told. With the pauses between them that is some six minutes at least: a
 * restart at the provider is no news.
 */
export const FAILURES_BEFORE_NOTICE = 3;

/** How long a mailbox may be in use by somebody else, or ask for patience, before people are told. Milliseconds. */
export const LATER_BEFORE_NOTICE_MS = 3_600_000;

/**
 * A mailbox is silent when no mail came for so many times its longest silence of late, and for a day at least: one that
 * is never empty for an hour may be so for a night. Milliseconds.
 */
export const SILENCE_FACTOR = 3;
export const SILENCE_LEAST_MS = 24 * 3_600_000;

/** The habit is that of the last one to two such periods: a holiday in spring says nothing of autumn. Milliseconds. */
export const HABIT_PERIOD_MS = 30 * 24 * 3_600_000;

/** Nobody looked for so long: the silence that ends then is not counted. Milliseconds. */
export const UNSEEN_MS = 2 * 24 * 3_600_000;

/** Fewer silences are no habit; and it has to have seen two weekends. Milliseconds. */
export const HABIT_LEAST_GAPS = 10;
export const HABIT_WARMUP_MS = 14 * 24 * 3_600_000;

/** Refused passwords in a row before a mailbox is left alone; providers lock an account after five or more. */
export const PASSWORD_REFUSALS_BEFORE_SUSPENSION = 3;

/**
 * Between the end of a run and the next scheduled one, at least: with `every 1m` and runs that take longer, sessions
 * would follow each other without a break, and many servers free a maildrop only moments after QUIT. Milliseconds.
 */
export const RUN_PAUSE_MS = 20_000;

/** A server that refuses a login as too early without saying how long to wait: doubled each time. Milliseconds. */
export const LOGIN_DELAY_UNKNOWN_MS = 5 * 60_000;

/** More than this no server can mean by LOGIN-DELAY: a mailbox must not be put off for ever by a lie. Milliseconds. */
export const LOGIN_DELAY_MAX_MS = 24 * 3_600_000;

/** Looking at a mailbox's server in two sessions takes no longer, or the server is not well. Milliseconds. */
export const EXAMINATION_MS = 90_000;

/** Between these two sessions: many servers free a maildrop only moments after QUIT. Milliseconds. */
export const EXAMINATION_PAUSE_MS = 1_000;

/** How often a run that takes long says in the log how far it is. Milliseconds. */
export const PROGRESS_LOG_MS = 60_000;
/** Failures of one cause that are told by a notice each; the rest of a window comes in one. */
export const CAUSE_SINGLE_NOTICES = 3;

/** A window of one cause: a day of it makes four summaries, and nobody waits longer for one. Milliseconds. */
export const CAUSE_WINDOW_MS = 6 * 3_600_000;

/** Messages named in such a summary, and counted once however often their step is repeated; the rest is counted. */
export const CAUSE_LISTED = 50;

/** How often the sweep compares `Failed/` and the ledger: it lists all of both. Milliseconds. */
export const COMPARISON_MS = 24 * 3_600_000;

/** Differences that status and a notice name; the rest is counted. The log names each. */
export const COMPARISON_LISTED = 50;

/** An order about a failed message (to route it anew) holds it no longer than this when its process dies. Milliseconds. */
export const ORDER_CLAIM_MS = 2 * 60_000;

// --- POP3 session ---

/**
 * A server owes us octets and sends none for so long: the session is given up. Dovecot with `pop3_lock_session`
 * answers a second login only after about 12 s, and adds growing delays after failed ones. Milliseconds.
 */
export const POP3_STALL_MS = 60_000;

/**
 * Time for one address of a host before the next is tried. Node's 250 ms would give up on every address whose
 * round trip is longer (satellite, overloaded provider). Milliseconds.
 */
export const CONNECT_ATTEMPT_MS = 3_000;

/** Read from the line at once: few system calls, and small enough to stay in a processor's cache. Octets. */
export const POP3_READ_OCTETS = 256 * 1024;

/** A status line; RFC 1939 section 3 allows 512, servers with long error texts send more. Octets. */
export const POP3_STATUS_LINE_OCTETS = 8 * 1024;

/** A line of LIST, UIDL or CAPA; RFC 1939 allows 70 for an id. A longer one costs its message only. Octets. */
export const POP3_LISTING_LINE_OCTETS = 8 * 1024;

/** A whole answer to LIST or UIDL: about a million messages. An endless one must not fill the memory. Octets. */
export const POP3_LISTING_OCTETS = 64 * 1024 * 1024;

/** Lines of such an answer; each costs some 100 octets of memory. Nobody has as many messages. */
export const POP3_LISTING_LINES = 1_000_000;

/** Commands sent before the first is answered, where the server offers PIPELINING: measured at 40 ms, 11 times one. */
export const POP3_WINDOW_OFFERED = 64;

/** The same where it only has shown that it takes it: 8 times one, and few enough octets for a small input buffer. */
export const POP3_WINDOW_SHOWN = 16;

/** A server that broke over commands that were sent together is not tried again for a week. Milliseconds. */
export const PIPELINING_MEMORY_MS = 7 * 24 * 3_600_000;

/** How long two commands that were sent together may go unanswered before they count as lost. Milliseconds. */
export const POP3_PROBE_MS = 10_000;

/** How long a session that has nothing to delete waits for the answer to QUIT. Milliseconds. */
export const POP3_QUIT_MS = 5_000;

/** A whole answer to CAPA: real ones have some hundred octets. */
export const POP3_CAPA_OCTETS = 64 * 1024;

/** An AUTH command with its initial response (RFC 5034 section 4: 255 with CRLF). Octets. */
export const POP3_AUTH_COMMAND_OCTETS = 255;

/**
 * Rounds of SCRAM's key derivation that a server may ask for. RFC 5802 section 5.1 and RFC 7677 section 4 want 4,096
 * at least: fewer would let whoever listens try passwords quickly. The upper bound is about a second of work.
 */
export const SCRAM_ITERATIONS = { least: 4_096, most: 2_000_000 } as const;

/** Octets of chance in a SCRAM nonce. */
export const SCRAM_NONCE_OCTETS = 24;

/** What is kept of a server's text in an error or a log: enough to read, too little to flood. Octets. */
export const SERVER_TEXT_OCTETS = 200;

// --- OAuth ---

/** One request to a token endpoint, connecting included: those of the large providers take well under a second. */
export const TOKEN_REQUEST_MS = 30_000;

/** An answer of a token endpoint; access tokens of 5 KB have been seen. Octets. */
export const TOKEN_ANSWER_OCTETS = 256 * 1024;

/** An access token is not used in its last minutes: clocks differ, and the login has to be over by then. */
export const ACCESS_TOKEN_MARGIN_MS = 5 * 60_000;

// --- spool ---

/** A message up to this size stays in memory between RETR and the store, a larger one goes to a file. Octets. */
export const SPOOL_MEMORY_OCTETS = 8 * 1024 * 1024;

/** Octets gathered before one write to the spool's file: few system calls, little memory. */
export const SPOOL_WRITE_OCTETS = 1024 * 1024;

/** Size of the blocks that small pieces of a message are packed into. Octets. */
export const SPOOL_BLOCK_OCTETS = 64 * 1024;
