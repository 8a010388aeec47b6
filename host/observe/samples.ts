import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { type Task, type TaskPhase, taskPhase } from '#core/api/task.ts';
import type { Sample } from './metrics.ts';

const PHASES: readonly TaskPhase[] = taskPhase.options;

/** Tasks by namespace and phase, every phase of a known namespace present. One that was not looked at yet counts as Pending. */
export function taskSamples(tasks: Iterable<KubernetesObject>, namespaces: readonly string[]): readonly Sample[] {
  const zero = (): Map<string, number> => new Map(PHASES.map((phase) => [phase, 0]));
  const counts = new Map(namespaces.map((namespace) => [namespace, zero()]));
  for (const task of tasks) {
    const namespace = task.metadata.namespace ?? '';
    const phases = counts.get(namespace) ?? zero();
    counts.set(namespace, phases);
    const phase = phaseOf(task);
    phases.set(phase, (phases.get(phase) ?? 0) + 1);
  }
  return [...counts].flatMap(([namespace, phases]) => [...phases].map(([phase, value]) => ({ labels: { namespace, phase }, value })));
}

/** Tasks with a cause, by namespace, phase and cause. */
export function causeSamples(tasks: Iterable<KubernetesObject>): readonly Sample[] {
  const counts = new Map<string, { readonly labels: Sample['labels']; value: number }>();
  for (const task of tasks) {
    const cause = textIn(task, 'cause');
    if (cause === '') continue;
    const labels = { namespace: task.metadata.namespace ?? '', phase: phaseOf(task), cause };
    const key = JSON.stringify(labels);
    const count = counts.get(key) ?? { labels, value: 0 };
    count.value += 1;
    counts.set(key, count);
  }
  return [...counts.values()];
}

function phaseOf(task: KubernetesObject): string {
  return textIn(task, 'phase') || 'Pending';
}

/** A text of the status; empty where there is none. */
function textIn(task: KubernetesObject, field: string): string {
  const status: unknown = 'status' in task ? task.status : undefined;
  const value = typeof status === 'object' && status !== null ? (status as Readonly<Record<string, unknown>>)[field] : undefined;
  return typeof value === 'string' ? value : '';
}

/** What the samples need of a queue; its key is `namespace/agent`. */
interface Line {
  readonly key: string;
  readonly waiting: number;
  readonly taken: number;
  readonly slots?: number;
}

/** Of the Agents' queues: who waits, the places (where they are limited), and those that are taken. */
export const agentQueueSamples = (lines: readonly Line[]): readonly Sample[] => lineSamples(lines, ({ waiting }) => waiting);
export const agentSlotSamples = (lines: readonly Line[]): readonly Sample[] => lineSamples(lines, ({ slots }) => slots);
export const agentSlotTakenSamples = (lines: readonly Line[]): readonly Sample[] => lineSamples(lines, ({ taken }) => taken);

function lineSamples(lines: readonly Line[], read: (line: Line) => number | undefined): readonly Sample[] {
  return lines.flatMap((line) => {
    const value = read(line);
    const [namespace = '', agent = ''] = line.key.split('/');
    return value === undefined ? [] : [{ labels: { namespace, agent }, value }];
  });
}

/** How long the longest waiting of the Queued Tasks of each Agent has waited, in seconds. */
export function oldestQueuedSamples(tasks: Iterable<KubernetesObject>, nowMs: number): readonly Sample[] {
  const oldest = new Map<string, { readonly labels: Sample['labels']; value: number }>();
  for (const task of tasks) {
    if (textIn(task, 'phase') !== 'Queued') continue;
    const { spec, status, metadata } = task as Task;
    const sinceMs = Date.parse(status?.times?.queued ?? metadata.creationTimestamp ?? '');
    if (Number.isNaN(sinceMs)) continue;
    const labels = { namespace: metadata.namespace ?? '', agent: spec.agentRef?.name ?? '' };
    const value = Math.max(0, nowMs - sinceMs) / 1_000;
    const key = JSON.stringify(labels);
    const known = oldest.get(key);
    if (known === undefined || known.value < value) oldest.set(key, { labels, value });
  }
  return [...oldest.values()];
}

/** Entries of each ledger of the controller. */
export function ledgerSamples(ledgers: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(ledgers).map(([ledger, value]) => ({ labels: { ledger }, value }));
}
