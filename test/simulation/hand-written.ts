import type { Agent } from '#core/api/agent.ts';
import type { TaskSpec } from '#core/api/task.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';
import { type Fields, type Happening, NO_FAULTS, type Scenario } from '#host/simulation/scenario.ts';

const NAMESPACE = 'team-a';
const BASE = { workspaceDir: '/workspace', serviceAccountName: 'agent', podSpec: { terminationGracePeriodSeconds: 5 } };

/** Parts of scenarios that are written by hand: everything is in one namespace, and the Agent is `coder`. */
export const at = (name: string) => ({ namespace: NAMESPACE, name });
export const agent = (spec: Partial<Agent['spec']> = {}): Happening => ({
  type: 'ApplyAgent',
  at: at('coder'),
  spec: { ...BASE, ...spec },
});
export const agentNamed = (name: string): Happening => ({ type: 'ApplyAgent', at: at(name), spec: BASE });
export const template = (name: string): Happening => ({ type: 'ApplyTemplate', at: at(name), spec: BASE });

export const create = (
  name: string,
  script: Partial<PodScript>,
  spec: Partial<TaskSpec> | Fields = {},
  labels?: Readonly<Record<string, string>>,
): Happening => ({
  type: 'CreateTask',
  at: at(name),
  spec: { description: name, agentRef: { name: 'coder' }, ...spec },
  script,
  ...(labels === undefined ? {} : { labels }),
});

/** Without faults, and quiet at once: only what is written happens. */
export function scenario(...timed: readonly (readonly [atMs: number, happening: Happening])[]): Scenario {
  return { seed: 1, quietAfterMs: 1_000, rates: NO_FAULTS, happenings: timed.map(([atMs, happening]) => ({ atMs, happening })) };
}
