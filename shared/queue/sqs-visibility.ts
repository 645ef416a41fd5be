/** SQS counts no longer from the receive, all changes together (API Reference, ChangeMessageVisibility). Seconds. */
const MAX_SECONDS = 43_200;

/** Between two clocks, and while the request travels; a request above the limit is refused whole. Seconds. */
const MARGIN_SECONDS = 10;

/**
 * Visibility timeout, in whole seconds from now, after which a job in flight is shown again.
 * @param delayMs wished for; shown earlier only where SQS allows no more
 * @param sinceReceiveMs time since the job was received, or more
 */
export function visibilitySeconds(delayMs: number, sinceReceiveMs: number): number {
  const left = MAX_SECONDS - MARGIN_SECONDS - Math.ceil(sinceReceiveMs / 1000);
  return Math.max(0, Math.min(Math.ceil(delayMs / 1000), left));
}
