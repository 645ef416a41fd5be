import type { Log, LogFields, LogLevel } from '../../shared/observe/log.ts';

export interface LogEntry {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

/** A log that is read back: by level, what happened. */
export interface RecordingLog extends Log {
  readonly entries: readonly LogEntry[];
  /** Events of a level, in order. */
  events(level: LogLevel): string[];
}

export function recordingLog(): RecordingLog {
  const entries: LogEntry[] = [];
  const write =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      entries.push({ level, event, fields });
    };
  return {
    entries,
    events: (level) => entries.filter((one) => one.level === level).map(({ event }) => event),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}
