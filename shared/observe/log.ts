/** Levels of `logLevel`. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Values that may be logged: ids, counts, codes. Never a secret, never mail content. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Port: structured log. `event` is a fixed text; what varies stands in `fields`. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
