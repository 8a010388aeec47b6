import type { Pod } from '#core/api/kubernetes.ts';

/** How a simulated Pod comes to its end. */
export const OUTCOMES = [
  'succeed',
  'fail',
  'out-of-memory',
  'evicted',
  'preempted',
  'image-pull',
  'unschedulable',
  /** Runs until it is ended. */
  'never',
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** What a simulated kubelet does with a Pod. */
export interface PodScript {
  readonly outcome: Outcome;
  /** Of outcome `fail`. Default 1. */
  readonly exitCode: number;
  /** From the start of the agent's container to its end. Default 3,000. */
  readonly runForMs: number;
  /** From the Pod's arrival on its node to the start of containers, beside the kubelet's own time. Default 0. */
  readonly startDelayMs: number;
  /** How long the agent's container goes on after SIGTERM; longer than the grace period: it is killed (137). Default 0. */
  readonly stopAfterMs: number;
  /** Its exit code then; 0 is a clean handler. Default 143. */
  readonly stopExitCode: number;
}

const PREFIX = 'sim.kubeopencode.io/';

/** Reads the labels `sim.kubeopencode.io/{outcome,exit-code,run-for,start-delay,stop-after,stop-exit-code}`; what is absent or malformed has its default. */
export function podScript({ metadata: { labels = {} } }: Pod): PodScript {
  const label = (name: string): string | undefined => labels[`${PREFIX}${name}`];
  return {
    outcome: OUTCOMES.find((outcome) => outcome === label('outcome')) ?? 'succeed',
    exitCode: number(label('exit-code')) ?? 1,
    runForMs: durationMs(label('run-for')) ?? 3_000,
    startDelayMs: durationMs(label('start-delay')) ?? 0,
    stopAfterMs: durationMs(label('stop-after')) ?? 0,
    stopExitCode: number(label('stop-exit-code')) ?? 143,
  };
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a Go duration such as `1m30s`; undefined when it is none. */
function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) totalMs += Number(amount) * (UNIT_MS[unit] ?? 0);
  return totalMs;
}
