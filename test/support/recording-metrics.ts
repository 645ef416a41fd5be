import type { Metric, Metrics } from '../../shared/observe/metrics.ts';

/** Figures that are read back, in order. */
export interface RecordingMetrics extends Metrics {
  readonly published: readonly (readonly [Metric, number])[];
}

export function recordingMetrics(): RecordingMetrics {
  const published: [Metric, number][] = [];
  return {
    published,
    publish: (metric, value) => {
      published.push([metric, value]);
      return Promise.resolve();
    },
  };
}
