import type { SettingsMemory } from '../../shared/settings/settings.ts';

/** A memory that keeps text, as the ledger does: what JSON cannot hold does not come back. */
export interface KeptMemory extends SettingsMemory {
  text(): string | null;
}

export function keptMemory(): KeptMemory {
  let text: string | null = null;
  return {
    text: () => text,
    load: () => Promise.resolve(text === null ? null : (JSON.parse(text) as unknown)),
    store: (document) => {
      text = JSON.stringify(document);
      return Promise.resolve();
    },
  };
}
