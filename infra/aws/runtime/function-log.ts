import type { LogFields, LogLevel } from '../../../shared/observe/log.ts';
import type { AdjustableLog } from '../../../shared/observe/pino-log.ts';

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/**
 * One JSON object a line on standard output, which Lambda takes to the function's log group. By hand, since the
 * library that the command uses would be an eighth of a function's bundle.
 * @param write takes a line with its end
 */
export function functionLog(
  write: (line: string) => void = (line) => process.stdout.write(line),
  now: () => number = Date.now,
): AdjustableLog {
  let least: LogLevel = 'info';
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      if (SEVERITY[level] < SEVERITY[least]) return;
      const time = new Date(now()).toISOString();
      write(`${JSON.stringify({ ...fields, level, time, msg: event })}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    setLevel: (level) => {
      least = level;
    },
  };
}
