import type { Command } from 'commander';

/** The options that every command takes. */
export function common(command: Command): Command {
  return command
    .exitOverride()
    .option('--config <FILE>', 'configuration', 'mailferry.yaml')
    .option('--data <DIR>', 'data folder', '.mailferry')
    .option(
      '--secrets <FILE>',
      'secrets, mode 0600 (default: $MAILFERRY_SECRETS, else secrets.yaml)',
    )
    .option('--stage <NAME>', 'a deployment on AWS, instead of --config and --data')
    .option('--json', 'print one JSON document on standard output');
}
