/**
 * What is measured for alarms. `OldestOpenSeconds`: age of the oldest message in `Incoming/`, at each sweep.
 * `SweepDifferences`: found by the daily comparison. `Parked`: messages that came to `Failed/`. `DestinationDown`: tries
 * that found the destination down. All but the first are published when there are any, since a figure that is published
 * costs money for the hour.
 */
export type Metric = 'OldestOpenSeconds' | 'SweepDifferences' | 'Parked' | 'DestinationDown';

/** Port: figures that somebody watches. Never rejects: what cannot be published is worth no fault. */
export interface Metrics {
  publish(metric: Metric, value: number): Promise<void>;
}

/** On one machine nobody collects them: `status` and notices tell. */
export const noMetrics: Metrics = { publish: () => Promise.resolve() };
