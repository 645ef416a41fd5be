import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';

import { maskAddresses } from '../../../shared/observe/address-mask.ts';
import type { LogFields, LogLevel } from '../../../shared/observe/log.ts';
import type { AdjustableLog } from '../../../shared/observe/pino-log.ts';

export interface FunctionLog extends AdjustableLog {
  /** From here on addresses are told apart by a digest under this key; before, only their domain is shown. */
  setAddressKey(key: Buffer): void;
  /** Each line of this invocation carries its request id, which CloudWatch and Lambda's own lines have too. */
  invokedBy(context: Context): void;
}

const LEVELS = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;

/**
 * Structured lines on standard output, which Lambda takes to the function's log group: by the logger of AWS Lambda
 * Powertools, whose form CloudWatch's queries know. The text stands in `message`, the key of the mail that a line is
 * about in `mail`. Addresses are shown as they are at the level `debug` only.
 */
export function functionLog(): FunctionLog {
  const logger = new Logger({ serviceName: 'mailferry', logLevel: 'INFO' });
  let addressKey: Buffer | null = null;
  let level: LogLevel = 'info';
  const shown = (value: LogFields[string]): LogFields[string] =>
    typeof value === 'string' && level !== 'debug' ? maskAddresses(value, addressKey) : value;
  const fieldsOf = (fields: LogFields): Record<string, LogFields[string]> =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        // Powertools has the text there.
        name === 'message' ? 'mail' : name,
        shown(value),
      ]),
    );
  const at =
    (severity: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      logger[severity](event, fieldsOf(fields));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    setLevel: (next) => {
      level = next;
      logger.setLogLevel(LEVELS[next]);
    },
    setAddressKey: (key) => {
      addressKey = key;
    },
    invokedBy: (context) => {
      // By name, and not by `addContext`: the log group says which function and what of it, and every octet is paid for.
      logger.appendKeys({ function_request_id: context.awsRequestId });
    },
  };
}
