import type { Task } from '#core/api/task.ts';
import type { Settings, Snapshot } from '#core/contract/snapshot.ts';
import { objectionTo } from '../controller/permitted.ts';
import type { Engine } from '../engine/engine.ts';

const NOW = '2026-01-01T00:10:00.000Z';
const SETTINGS: Settings = { config: {}, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 };
const SUBJECT = { namespace: 'self-check', name: 'task', uid: '00000000-0000-0000-0000-000000000001' } as const;

function snapshot(task: Partial<Task>, more: Partial<Snapshot> = {}): Snapshot {
  const { metadata, spec = { description: 'x', templateRef: { name: 't' } }, status } = task;
  return {
    contract: 1,
    kind: 'Task',
    now: NOW,
    subject: SUBJECT,
    task: {
      apiVersion: 'kubeopencode.io/v1alpha1',
      kind: 'Task',
      metadata: { ...SUBJECT, resourceVersion: '1', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
      spec,
      ...(status === undefined ? {} : { status }),
    },
    pods: [],
    read: {},
    outcomes: [],
    settings: SETTINGS,
    ...more,
  };
}

/** One of each turn of a Task's life; that any core of the contract can decide. */
const BATTERY: readonly Snapshot[] = [
  snapshot({}),
  snapshot({}, { read: { 'AgentTemplate/self-check/t': { absent: true } } }),
  snapshot({ spec: { description: 'x', agentRef: { name: 'a' } } }, { granted: false }),
  snapshot({ status: { phase: 'Running', podName: 'task-pod', startTime: '2026-01-01T00:00:01Z' } }),
  snapshot({ status: { phase: 'Completed', completionTime: '2026-01-01T00:05:00Z' } }, { finishedRank: 3 }),
  snapshot({ metadata: { name: 'task', annotations: { 'kubeopencode.io/stop': 'true' } } }),
  snapshot({ metadata: { name: 'task', deletionTimestamp: '2026-01-01T00:09:00Z' } }),
];

/**
 * What speaks against a core, null when nothing does: it has to decide on each canned snapshot and on each of `recent`, twice the same, and may ask for
 * nothing that the host is not made to do.
 */
export function selfCheckFault(engine: Engine, recent: readonly Snapshot[]): string | null {
  for (const [index, shown] of [...BATTERY, ...recent].entries()) {
    const what =
      index < BATTERY.length ? `snapshot ${index + 1} of the self-check` : `a snapshot of ${shown.subject.namespace}/${shown.subject.name}`;
    const [said, again] = [engine.decide(shown), engine.decide(shown)];
    if (said.type === 'EngineError') return `it fails at ${what}: ${said.cause}: ${said.message}`;
    const { decision } = said;
    if (decision.type === 'Unusable') return `it can't use ${what}: ${decision.message}`;
    if (again.type !== 'Answered' || JSON.stringify(again.decision) !== JSON.stringify(decision))
      return `it decides otherwise when it is shown ${what} again`;
    const objection =
      decision.type === 'Decided'
        ? decision.actions.map((action) => objectionTo(action, shown.subject)).find((found) => found !== null)
        : undefined;
    if (objection !== undefined && objection !== null) return `at ${what} it asks for what may not be done: ${objection}`;
  }
  return null;
}
