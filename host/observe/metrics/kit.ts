import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** A count with its labels, read when somebody asks for the metrics. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Makes metrics of one registry. */
export interface Kit {
  counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L>;
  histogram<L extends string>(name: string, help: string, labelNames: readonly L[], buckets: readonly number[]): Histogram<L>;
  gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L>;
  /** A gauge whose series are read from their source at each scrape; those that are gone are gone here too. */
  sampled<L extends string>(name: string, help: string, labelNames: readonly L[], read: () => readonly Sample[]): void;
}

export function kitOf(registry: Registry): Kit {
  const registers = [registry];
  return {
    counter: (name, help, labelNames) => new Counter({ name, help, labelNames: [...labelNames], registers }),
    histogram: (name, help, labelNames, buckets) =>
      new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers }),
    gauge: (name, help, labelNames) => new Gauge({ name, help, labelNames: [...labelNames], registers }),
    sampled: (name, help, labelNames, read) => {
      new Gauge<string>({
        name,
        help,
        labelNames: [...labelNames],
        registers,
        collect() {
          this.reset();
          for (const { labels, value } of read()) this.set({ ...labels }, value);
        },
      });
    },
  };
}
