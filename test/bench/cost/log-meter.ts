/** CloudWatch Logs adds this to each event it takes in. Source: CloudWatch pricing page, "26 bytes of overhead". */
const OCTETS_OF_EVENT = 26;

export interface Metered {
  /** Octets that CloudWatch would take in: a line, an event. */
  readonly octets: number;
  /** Metrics of our own that it would make of them: namespace, dimensions with values, name. */
  readonly metrics: ReadonlySet<string>;
}

/** Takes what this process writes on standard output, as Lambda takes it to the log group, until it is stopped. */
export function meterLog(): { stop(): Metered } {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  const metrics = new Set<string>();
  let octets = 0;
  const take = (line: string): void => {
    octets += Buffer.byteLength(line) + OCTETS_OF_EVENT;
    for (const metric of metricsIn(line)) metrics.add(metric);
  };
  stdout.write = (chunk: Uint8Array | string, ...rest: unknown[]) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    for (const line of text.split('\n').filter((one) => one !== '')) take(line);
    for (const done of rest) if (typeof done === 'function') (done as () => void)();
    return true;
  };
  return {
    stop: () => {
      stdout.write = write;
      return { octets, metrics };
    },
  };
}

/** Source: CloudWatch user guide, "Specification: Embedded metric format". */
interface EmbeddedMetrics {
  readonly [value: string]: unknown;
  readonly _aws?: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
}

function metricsIn(line: string): string[] {
  if (!line.includes('"CloudWatchMetrics"')) return [];
  const event = JSON.parse(line) as EmbeddedMetrics;
  return (event._aws?.CloudWatchMetrics ?? []).flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.map(({ Name }) =>
        JSON.stringify([Namespace, names.map((name) => [name, event[name]]), Name]),
      ),
    ),
  );
}
