/**
 * Fires at the first SIGINT or SIGTERM: finish cleanly. At the second the process ends at once; what it held is
 * free at the next start, as after any crash.
 */
export function closingSignal(): AbortSignal {
  const closing = new AbortController();
  const onSignal = (): void => {
    if (closing.signal.aborted) process.exit(1);
    closing.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return closing.signal;
}
