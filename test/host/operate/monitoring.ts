import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { createMetrics } from '#host/observe/metrics.ts';

export const FOLDER = 'host/manifests/monitoring/';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleSpec {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
}

export function ruleSpec(): RuleSpec {
  return (parse(readFileSync(`${FOLDER}prometheus-rule.yaml`, 'utf8')) as { readonly spec: RuleSpec }).spec;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

export function dashboard(): Dashboard {
  return JSON.parse(readFileSync(`${FOLDER}dashboard.json`, 'utf8'));
}

/** Names of the metrics that a PromQL expression reads. Throws when it is none. */
export function metricsIn(expression: string): readonly string[] {
  // Grafana puts these in before Prometheus sees them.
  const text = expression.replaceAll('$__rate_interval', '5m');
  const metrics: string[] = [];
  let isSelecting = false;
  parser.parse(text).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${text}`);
      if (type.name === 'VectorSelector') isSelecting = true;
      if (type.name !== 'Identifier' || !isSelecting) return;
      metrics.push(text.slice(from, to));
      isSelecting = false;
    },
  });
  return metrics;
}

/** Names of all series of a scrape. */
export async function exposedSeries(): Promise<ReadonlySet<string>> {
  const { text } = await createMetrics({ leaseName: 'lease', version: '1', coreDigest: 'c' }).scrape();
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => ({ name, type }));
  return new Set(types.flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])));
}
