import type { Agent } from '#core/api/agent.ts';
import type { AgentTemplate } from '#core/api/agent-template.ts';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import type { Case } from '../../cluster/case.ts';
import type { ChangeKind, Reach } from '../../contract/why-changes.ts';
import type { Kubectl } from '../../kubectl.ts';
import type { Settled } from '../asker.ts';

/**
 * How far a change reaches, the smallest first: a field of this Task; an object that lacks; a field of its Agent or template, which all their Tasks
 * have; what belongs to those who run the cluster; somebody else's work; nothing that anybody does, it comes by itself.
 */
export const REACH_RANKS = { Task: 0, NewObject: 0, Agent: 1, Cluster: 2, Others: 3, Nobody: 4 } as const;

/** One input changed: what, in words, and the case with it. */
export interface Change {
  readonly kind: ChangeKind;
  readonly reach: Reach;
  readonly change: string;
  /** How the changed input was made, where it had to be made up. */
  readonly standIn?: string;
  /** Shell command that makes the change; words in capitals are to be filled in. */
  readonly command?: string;
  /** Shell command that shows what it is about, where no command makes the change. */
  readonly look?: string;
  readonly case: Case;
  /** Names of others in the line that are imagined away. */
  readonly gone?: ReadonlySet<string>;
}

export interface Situation {
  readonly case: Case;
  readonly judged: Settled;
  /** What the API server said to the last try, where it was refused. */
  readonly refusal?: string;
  /** RFC 3339: when the core would look again, or the queue may give a place again. */
  readonly until?: string;
  readonly kubectl: Kubectl;
  /** Names of a kind in the Task's namespace that are near to one; none where they can't be listed. */
  near(kind: Kind, name: string): Promise<readonly string[]>;
}

/** Whether a rule fired. */
export function fired({ judged }: Situation, ...rules: readonly string[]): boolean {
  return judged.decided.reasons.some(({ rule }) => rules.includes(rule));
}

export function withFacts({ case: base }: Situation, facts: Partial<Case['facts']>): Case {
  return { ...base, facts: { ...base.facts, ...facts } };
}

export function withSpec(situation: Situation, task: Task, spec: TaskSpec): Case {
  return withFacts(situation, { task: { ...task, spec } });
}

export function withAnswer({ case: base }: Situation, key: string, found: KubernetesObject): Case {
  return { ...base, answers: { ...base.answers, [key]: { found } } };
}

/** A field less. */
export function without<T extends object>(object: T, field: string): T {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== field)) as T;
}

/** An Agent or AgentTemplate that the decision stands on. */
export type Source =
  | { readonly kind: 'Agent'; readonly key: string; readonly object: Agent }
  | { readonly kind: 'AgentTemplate'; readonly key: string; readonly object: AgentTemplate };

export function sourcesIn({ read }: Snapshot): readonly Source[] {
  return Object.entries(read).flatMap(([key, answer]): readonly Source[] => {
    if (!('found' in answer)) return [];
    const plain = key.replace(/\?live$/, '');
    if (key.startsWith('Agent/')) return [{ kind: 'Agent', key: plain, object: answer.found as Agent }];
    if (key.startsWith('AgentTemplate/')) return [{ kind: 'AgentTemplate', key: plain, object: answer.found as AgentTemplate }];
    return [];
  });
}
