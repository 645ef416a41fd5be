import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

import type { Log, LogFields, LogLevel } from './log.ts';

export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void;
}

/** Structured lines, one JSON object each, on standard error (or where a test wants them). */
export function pinoLog(level: LogLevel, destination?: DestinationStream): AdjustableLog {
  // Synchronous: the last words of a process that dies are the ones that are needed.
  const to = destination ?? pino.destination({ fd: 2, sync: true });
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, to);
  return { ...logBy(logger), setLevel: (next) => (logger.level = next) };
}

/** Says nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function logBy(logger: Logger): Log {
  const write =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      logger[level](fields, event);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
