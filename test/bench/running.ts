/** A whole number given as an option; ends the process with 2 where it is none. */
export function wholeOption(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && text.trim() !== '') return value;
  console.log(`--${name}: expected a whole number from ${least} on, got ${JSON.stringify(text)}`);
  process.exit(2);
}

/** A run that is broken off still stops its servers and removes its folders: that hangs on `exit`. */
export function endBySignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.exit(1);
    });
  }
}
