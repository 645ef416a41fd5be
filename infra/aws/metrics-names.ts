/** Where CloudWatch keeps the figures that functions publish, and alarms look for them. */
export const METRICS_NAMESPACE = 'Mailferry';

/** The one dimension: stages beside each other keep their figures apart. */
export const METRICS_DIMENSION = 'service';

export function metricsService(stage: string): string {
  return `mailferry-${stage}`;
}
