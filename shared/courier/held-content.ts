import { Readable, finished } from 'node:stream';

import { asFailure, Failure } from '../failure.ts';

export interface HeldContentEvents {
  /** The server has answered DATA: from here on it may have mail in hand. What it throws ends the content unopened. */
  readonly begun: () => void;
  /** Another block was asked for. */
  readonly progress: () => void;
  /** Every octet was handed on; the final dot follows. */
  readonly ended: () => void;
}

/**
 * The content of a message as a stream that is opened at its first read, so that a refused envelope opens nothing.
 *
 * It fails whenever the source did not give exactly `size` octets. A source that is destroyed without an error ends
 * no stream that it is piped into: nodemailer would wait for the socket's time-out, and a source that ends early
 * without any sign (a cut HTTP body) would be a truncated message with a proper final dot.
 */
export function heldContent(
  open: () => Readable,
  size: number,
  events: HeldContentEvents,
): Readable {
  let source: Readable | null = null;
  let octets = 0;

  const start = (held: Readable): Readable => {
    events.begun();
    const opened = open();
    opened.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      if (octets > size) {
        held.destroy(brokenOff(octets, size, null));
        return;
      }
      if (!held.push(chunk)) opened.pause();
    });
    finished(opened, { writable: false }, (error) => {
      if (held.destroyed) return;
      if (error || octets !== size) {
        held.destroy(brokenOff(octets, size, error ?? null));
        return;
      }
      held.push(null);
    });
    return opened;
  };

  return new Readable({
    read() {
      events.progress();
      if (source !== null) {
        source.resume();
        return;
      }
      try {
        source = start(this);
      } catch (error) {
        this.destroy(asFailure(error));
      }
    },
    destroy(error, done) {
      source?.destroy();
      done(error);
    },
  }).once('end', events.ended);
}

function brokenOff(octets: number, size: number, cause: Error | null): Failure {
  const reason = cause === null ? '' : `: ${cause.message}`;
  return new Failure(
    'store',
    'temporary',
    `the store broke off: expected ${size} octets of the message, got ${octets}${reason}`,
    { cause },
  );
}
