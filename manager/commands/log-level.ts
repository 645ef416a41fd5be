import { applyChange } from '../configuration/editable.ts';
import { withConfiguration } from '../configuration/with-configuration.ts';
import type { CommonOptions } from '../context.ts';
import { WELL } from '../exit-status.ts';
import { printJson, say } from '../output.ts';

/** `mailferry log level`: shows or sets the level of logging; nothing has to be restarted. */
export function logLevel(options: CommonOptions, level: string | undefined): Promise<number> {
  return withConfiguration(options, async (configuration) => {
    const before = await configuration.read();
    if (level !== undefined) {
      const settings = [{ place: ['logLevel'], value: level }];
      await applyChange(configuration, before, { settings, secrets: new Map() }, ['logLevel']);
      say(`${configuration.name}: ${configuration.takenUp}`);
    }
    const present = level ?? before.parsed.general?.logLevel ?? 'info';
    if (options.json === true) printJson({ logLevel: present });
    else say(`logLevel: ${present}`);
    return WELL;
  });
}
