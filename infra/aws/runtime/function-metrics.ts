import type { Metric, Metrics } from '../../../shared/observe/metrics.ts';
import { METRICS_NAMESPACE, metricsService } from '../metrics-names.ts';

const UNITS = {
  OldestOpenSeconds: 'Seconds',
  SweepDifferences: 'Count',
  Parked: 'Count',
  DestinationDown: 'Count',
} as const satisfies Record<Metric, string>;

/**
 * Figures as lines of the function's log in CloudWatch's embedded metric format: no request, and no right of its own.
 * By the metrics of AWS Lambda Powertools, which are loaded when there is a figure: most invocations have none.
 */
export function functionMetrics(stage: string): Metrics {
  return {
    publish: async (name, value) => {
      const { Metrics: Publisher } = await import('@aws-lambda-powertools/metrics');
      const publisher = new Publisher({
        namespace: METRICS_NAMESPACE,
        serviceName: metricsService(stage),
      });
      publisher.addMetric(name, UNITS[name], value);
      publisher.publishStoredMetrics();
    },
  };
}
