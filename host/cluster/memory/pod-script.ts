import type { Pod } from '#core/api/kubernetes.ts';

/** What a simulated Pod's container, or its node, comes to. */
export const OUTCOMES = [
  /** Exit code 0. */
  'succeed',
  /** `exit-code`. */
  'fail',
  /** Killed at its memory limit (137, OOMKilled). */
  'out-of-memory',
  /** The kubelet takes it because its node is short of memory. */
  'evicted',
  /** It gives way to a Pod with higher priority: the scheduler deletes it (memory cluster); the kubelet ends it for a critical Pod (kwok). */
  'preempted',
  /** Its node shuts down and lets it end within its grace period. */
  'node-shutdown',
  /** Its node falls silent while it runs; the cluster gives it up 5 minutes later, and nobody there hears of it. */
  'node-lost',
  /** The image can't be pulled, however often the kubelet tries. */
  'image-pull',
  /** The image's name is none. */
  'invalid-image',
  /** The container can't be made: a Secret or ConfigMap that it names is not there. */
  'config-error',
  /** The node that it is bound to has no room for it, and its kubelet refuses it. */
  'rejected',
  /** No node fits. */
  'unschedulable',
  /** Runs until it is ended. */
  'never',
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** What a simulated kubelet does with a Pod. */
export interface PodScript {
  readonly outcome: Outcome;
  /** Name of the container that the outcome is about. Default: `agent`, else the first. An init container: the others start when it has succeeded. */
  readonly container?: string;
  /** Of outcome `fail`. Default 1. */
  readonly exitCode: number;
  /** From the container's start to its end. Default 3,000. */
  readonly runForMs: number;
  /** From the Pod's arrival on its node to its sandbox, beside the kubelet's own time. Default 0. */
  readonly startDelayMs: number;
  /** How long the pull of the container's image takes. Default 0. */
  readonly pullForMs: number;
  /** How many pulls of its image fail before one succeeds. Default 0; of outcome `image-pull` all of them. */
  readonly pullFailures: number;
  /** How long the container goes on after SIGTERM; longer than the grace period: it is killed (137). Default 0. */
  readonly stopAfterMs: number;
  /** Its exit code then; 0 is a clean handler. Default 143. */
  readonly stopExitCode: number;
  /** What the container leaves in its termination message; the last 4,096 bytes count. Default: nothing. */
  readonly message?: string;
  /** What the container writes to its log, line by line, spread over its run. Default: that it started and how it ended. */
  readonly log?: string;
}

export const SIMULATION_PREFIX = 'sim.kubeopencode.io/';

/** Labels of a Pod, behind the prefix, that the memory cluster's kubelet and kwok's stages obey alike, with their defaults. Durations are Go durations. */
export const SIMULATION_LABELS = {
  outcome: 'succeed',
  /** Empty: `agent`, else the first. */
  container: '',
  'exit-code': '1',
  'run-for': '3s',
  'start-delay': '0s',
  'pull-for': '0s',
  'pull-failures': '0',
  'stop-after': '0s',
  'stop-exit-code': '143',
} as const;

/** Annotations behind the same prefix, for what no label can hold. kwok obeys `message`; `log` is what scripts/cluster/node-logs.ts gives. */
export const SIMULATION_ANNOTATIONS = ['message', 'log'] as const;

export type SimulationLabel = keyof typeof SIMULATION_LABELS;

/** Reads a Pod's labels and annotations `sim.kubeopencode.io/…`; what is absent or malformed has its default. */
export function podScript({ metadata: { labels = {}, annotations = {} } }: Pod): PodScript {
  const text = (name: SimulationLabel): string => labels[`${SIMULATION_PREFIX}${name}`] ?? SIMULATION_LABELS[name];
  const read = <T>(name: SimulationLabel, parse: (text: string) => T | undefined, otherwise: T): T =>
    parse(text(name)) ?? parse(SIMULATION_LABELS[name]) ?? otherwise;
  const container = text('container');
  const said = SIMULATION_ANNOTATIONS.map((name) => [name, annotations[`${SIMULATION_PREFIX}${name}`]] as const);
  return {
    outcome: read('outcome', (value) => OUTCOMES.find((outcome) => outcome === value), 'succeed'),
    ...(container === '' ? {} : { container }),
    exitCode: read('exit-code', number, 1),
    runForMs: read('run-for', durationMs, 0),
    startDelayMs: read('start-delay', durationMs, 0),
    pullForMs: read('pull-for', durationMs, 0),
    pullFailures: read('pull-failures', number, 0),
    stopAfterMs: read('stop-after', durationMs, 0),
    stopExitCode: read('stop-exit-code', number, 143),
    ...Object.fromEntries(said.filter(([, value]) => value !== undefined)),
  };
}

function number(text: string): number | undefined {
  return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a Go duration such as `1m30s`; undefined when it is none. */
function durationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) totalMs += Number(amount) * (UNIT_MS[unit] ?? 0);
  return totalMs;
}
