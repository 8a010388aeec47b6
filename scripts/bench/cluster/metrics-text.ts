/** One line of Prometheus' text format. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseMetrics(text: string): readonly MetricSample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined || line.startsWith('#')) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, text]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value?.replace('Inf', 'Infinity')) }];
  });
}

/** Sum of a counter or gauge over all of its series that bear these labels. */
export function sumOf(samples: readonly MetricSample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return samples.filter((sample) => sample.name === name && bears(sample, labels)).reduce((sum, { value }) => sum + value, 0);
}

/**
 * Upper bound of the highest bucket of a histogram that got anything between two scrapes: no value was above it. null: there was none, or it lies in the bucket
 * without a bound.
 */
export function highestBound(
  before: readonly MetricSample[],
  after: readonly MetricSample[],
  name: string,
  labels: Readonly<Record<string, string>>,
): number | null {
  const buckets = (samples: readonly MetricSample[]): ReadonlyMap<number, number> =>
    new Map(
      samples
        .filter((sample) => sample.name === `${name}_bucket` && bears(sample, labels))
        .map(({ labels: { le = '' }, value }) => [Number(le.replace('Inf', 'Infinity')), value]),
    );
  const old = buckets(before);
  const grown = [...buckets(after)].map(([bound, count]) => ({ bound, count: count - (old.get(bound) ?? 0) }));
  const all = Math.max(0, ...grown.map(({ count }) => count));
  const bound = Math.min(...grown.filter(({ count }) => all > 0 && count === all).map(({ bound }) => bound));
  return Number.isFinite(bound) ? bound : null;
}

function bears(sample: MetricSample, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => sample.labels[name] === value);
}
