import type { World } from '#host/cluster/memory/world.ts';
import type { Expectation } from './scenario.ts';
import type { TaskEnd } from './summary.ts';
import type { Tally } from './tally.ts';

/** What is not as the story means to show it; empty when all is well. */
export function faultsOf(ends: readonly TaskEnd[], { most, doubles }: Pick<Tally, 'most' | 'doubles'>, expects: Expectation): string[] {
  const missing = Object.keys(expects.ends).filter((name) => !ends.some((end) => end.name === name));
  const queued = ends.filter(({ hasQueued, end }) => hasQueued && end === 'Completed').length;
  return [
    ...ends.flatMap((end) => taskFaults(end, expects)),
    ...missing.map((name) => `task ${name}: expected it to be there`),
    ...doubles.map((names) => `pods ${names.join(', ')}: expected one at a time for their Task`),
    ...(most > (expects.mostPods ?? Number.POSITIVE_INFINITY)
      ? [`expected at most ${expects.mostPods} Pods to live at the same time, ${most} did`]
      : []),
    ...(queued < (expects.queued ?? 0) ? [`expected ${expects.queued} Tasks to queue and then to run, ${queued} did`] : []),
  ];
}

function taskFaults({ name, end, task }: TaskEnd, { ends, causes = {} }: Expectation): readonly string[] {
  const { cause, message } = task.status ?? {};
  const wanted = ends[name] ?? 'Completed';
  if (end !== wanted) return [`task ${name}: expected ${wanted}, got ${end}${message === undefined ? '' : `: ${message}`}`];
  const wantedCause = causes[name];
  return wantedCause === undefined || cause === wantedCause
    ? []
    : [`task ${name}: expected the cause ${wantedCause}, got ${cause ?? 'none'}`];
}

/** Pods that still run, or that a finalizer still holds. */
export function leftBehind({ server }: World): string[] {
  return server.store.sorted('Pod').flatMap(({ metadata, status }) => {
    const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    const finalizers = metadata.finalizers ?? [];
    if (hasEnded && finalizers.length === 0) return [];
    return [
      `pod ${metadata.name}: expected it to have ended and to be free, got ${String(status?.phase)} with finalizers [${finalizers.join(', ')}]`,
    ];
  });
}
