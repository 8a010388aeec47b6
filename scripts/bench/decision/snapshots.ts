import type { TaskSpec } from '#core/api/task.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { agent, agentTask, condition, exited, found, pod, running, snapshot, task, template } from '#test/support/builders.ts';

const PLACES = 50;
const WAITING = `Waiting for agent "coder" capacity (max: ${PLACES})`;
const ran = running({ times: { podCreated: '2026-01-01T10:00:00Z' }, templateRef: { name: 'coder' } });

/** What a repository's rules may look like: files as texts, each at a path of its own. */
function contexts(count: number, bytesEach: number): NonNullable<TaskSpec['contexts']> {
  return Array.from({ length: count }, (_, index) => ({
    name: `guide-${index}`,
    type: 'Text' as const,
    mountPath: `guides/guide-${index}.md`,
    text: 'Keep the tests green, and say what was changed. '.repeat(bytesEach / 48),
  }));
}

/** A snapshot, and what a decision on it may cost at most. */
export interface DecisionCase {
  readonly name: string;
  readonly snapshot: Snapshot;
  /** CPU from clean memory, in microseconds; the design's budget. */
  readonly goalUs?: number;
}

/** What a host decides most often, and the dearest that it does. */
export const CASES = [
  {
    name: 'a Task waits for a slot',
    snapshot: snapshot({
      task: agentTask({
        status: {
          phase: 'Queued',
          agentRef: { name: 'coder' },
          observedGeneration: 1,
          message: WAITING,
          times: { queued: '2026-01-01T10:00:00Z' },
          conditions: [{ ...condition('Queued', 'True', 'AgentAtCapacity', '2026-01-01T10:00:00Z', WAITING), observedGeneration: 1 }],
        },
      }),
      granted: false,
      read: found({ agent: agent({ maxConcurrentTasks: PLACES }) }),
    }),
    goalUs: 500,
  },
  { name: 'a Pod runs, nothing to do', snapshot: snapshot({ task: task({ status: ran }), pods: [pod()] }), goalUs: 500 },
  {
    name: 'a Pod has ended: status change',
    snapshot: snapshot({ task: task({ status: ran }), pods: [pod({ phase: 'Succeeded', agent: exited(0) })] }),
    goalUs: 500,
  },
  { name: 'a Pod is made', snapshot: snapshot({ read: found({ template: template() }) }), goalUs: 3_000 },
  {
    name: 'a Pod is made, 10 contexts of 1 KB',
    snapshot: snapshot({ task: task({ spec: { contexts: contexts(10, 1_008) } }), read: found({ template: template() }) }),
    goalUs: 3_000,
  },
  {
    name: 'a Pod is made, 100 KB of description',
    snapshot: snapshot({ task: task({ spec: { description: 'Fix the bug. '.repeat(8_000) } }), read: found({ template: template() }) }),
    goalUs: 3_000,
  },
] as const satisfies readonly DecisionCase[];
