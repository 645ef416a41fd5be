import { Duration } from 'aws-cdk-lib';
import { Metric as CloudWatchMetric } from 'aws-cdk-lib/aws-cloudwatch';

import type { Metric } from '../../shared/observe/metrics.ts';
import { METRICS_DIMENSION, METRICS_NAMESPACE, metricsService } from './metrics-names.ts';

/** A figure that the functions of a stage publish. */
export function stageMetric(
  stage: string,
  name: Metric,
  { statistic, minutes }: { readonly statistic: string; readonly minutes: number },
): CloudWatchMetric {
  return new CloudWatchMetric({
    namespace: METRICS_NAMESPACE,
    metricName: name,
    dimensionsMap: { [METRICS_DIMENSION]: metricsService(stage) },
    statistic,
    period: Duration.minutes(minutes),
  });
}
