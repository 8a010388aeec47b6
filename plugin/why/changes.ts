import type { Agent } from '#core/api/agent.ts';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { AGENT_CONTAINER } from '#core/contract/names.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { addressKey, type Case } from '../cluster/case.ts';
import { type Judged, wantedBy } from './course.ts';
import { standIns } from './stand-in.ts';

/** What kind of input is changed. */
export type ChangeKind = 'Spec' | 'Suspend' | 'Agent' | 'Reference' | 'Config' | 'Conflict' | 'Refusal' | 'Place' | 'Pod' | 'Time';

/** One input changed: what, in words, and the case with it. */
export interface Change {
  readonly kind: ChangeKind;
  readonly change: string;
  /** How the changed input was made, where it had to be made up. */
  readonly standIn?: string;
  readonly case: Case;
}

export interface Situation {
  readonly case: Case;
  /** With all that the core read. */
  readonly snapshot: Snapshot;
  readonly judged: Judged;
  /** What the API server said to the last try, where it was refused. */
  readonly refusal?: string;
  /** RFC 3339: when the core would look again, or the queue may give a place again. */
  readonly until?: string;
}

/** Single changes that could let a Task go on, nearest first: what somebody can mend, then what a queue or a Pod may bring, then time. */
export function possibleChanges(situation: Situation): readonly Change[] {
  const { course } = situation.judged;
  if (course === 'Ended' || course === 'Ends' || course === 'Starts') return [];
  if (course === 'Runs') return [...podChanges(situation), ...timePasses(situation)];
  return [
    ...specCorrected(situation),
    ...unsuspended(situation),
    ...agentOpened(situation),
    ...referencesFound(situation),
    ...configCorrected(situation),
    ...conflictGone(situation),
    ...refusalGone(situation),
    ...placeGiven(situation),
    ...timePasses(situation),
  ];
}

function withTask({ case: base }: Situation, task: Task): Case {
  return { ...base, facts: { ...base.facts, task } };
}

function withFacts({ case: base }: Situation, facts: Partial<Case['facts']>): Case {
  return { ...base, facts: { ...base.facts, ...facts } };
}

/** Each field left out in turn: where that helps, a right value there would. */
function specCorrected(situation: Situation): readonly Change[] {
  const { task } = situation.case.facts;
  if (task === null || situation.judged.decided.reasons[0]?.rule !== 'task/invalid-spec') return [];
  return Object.entries(task.spec).map(([field]): Change => {
    const spec = Object.fromEntries(Object.entries(task.spec).filter(([name]) => name !== field));
    return {
      kind: 'Spec',
      change: `spec.${field} is corrected or left out`,
      standIn: `without ${field}`,
      case: withTask(situation, { ...task, spec }),
    };
  });
}

function unsuspended(situation: Situation): readonly Change[] {
  const { task } = situation.case.facts;
  if (task === null || task.spec.suspend !== true) return [];
  const { granted: _, ...facts } = situation.case.facts;
  const resumed = { ...task, spec: { ...task.spec, suspend: false } };
  return [{ kind: 'Suspend', change: 'spec.suspend is set to false', case: { ...situation.case, facts: { ...facts, task: resumed } } }];
}

function agentOpened(situation: Situation): readonly Change[] {
  return Object.entries(situation.snapshot.read).flatMap(([key, answer]): readonly Change[] => {
    if (!key.startsWith('Agent/') || !('found' in answer)) return [];
    const agent = answer.found as Agent;
    const changed = (change: string, next: Agent): Change => ({
      kind: 'Agent',
      change,
      case: { ...situation.case, answers: { ...situation.case.answers, [key.replace(/\?live$/, '')]: { found: next } } },
    });
    const { name } = agent.metadata;
    return [
      ...(agent.spec.suspend === true
        ? [changed(`Agent ${name} is no longer suspended`, { ...agent, spec: { ...agent.spec, suspend: false } })]
        : []),
      ...(agent.status?.ready === true
        ? []
        : [changed(`the server of Agent ${name} is ready`, { ...agent, status: { ...agent.status, ready: true } })]),
    ];
  });
}

function referencesFound({ case: base, snapshot }: Situation): readonly Change[] {
  return standIns(snapshot).map(({ key, change, object }): Change => {
    const shown: Readonly<Record<string, unknown>> = { ...object };
    return {
      kind: 'Reference',
      change,
      standIn: JSON.stringify(shown.spec ?? shown.data ?? {}),
      case: { ...base, answers: { ...base.answers, [key]: { found: object } } },
    };
  });
}

function configCorrected(situation: Situation): readonly Change[] {
  const { settings } = situation.case.facts;
  if (situation.judged.decided.reasons[0]?.rule !== 'task/config-unusable') return [];
  return [
    {
      kind: 'Config',
      change: 'KubeOpenCodeConfig cluster is corrected',
      standIn: 'an empty one',
      case: withFacts(situation, { settings: { ...settings, config: {} } }),
    },
  ];
}

/** A Pod that has the name and is another owner's: without it, nothing is left of the last try either. */
function conflictGone(situation: Situation): readonly Change[] {
  const { answers } = situation.case;
  return Object.entries(situation.snapshot.read).flatMap(([key, answer]): readonly Change[] => {
    if (!key.startsWith('Pod/') || !('found' in answer)) return [];
    const { name, namespace = '' } = answer.found.metadata;
    const address = addressKey({ kind: 'Pod', namespace, name });
    const changed = { ...withFacts(situation, { outcomes: [] }), answers: { ...answers, [address]: { absent: true as const } } };
    return [{ kind: 'Conflict', change: `pod ${name}, which is not of this Task, is gone`, case: changed }];
  });
}

function refusalGone(situation: Situation): readonly Change[] {
  if (situation.refusal === undefined) return [];
  return [{ kind: 'Refusal', change: 'the API server accepts the next try', case: withFacts(situation, { outcomes: [] }) }];
}

function placeGiven(situation: Situation): readonly Change[] {
  if (wantedBy(situation.judged) === undefined) return [];
  return [{ kind: 'Place', change: 'a place of the Agent falls to it', case: withFacts(situation, { granted: true }) }];
}

function timePasses(situation: Situation): readonly Change[] {
  // The same try again is no other input.
  if (situation.until === undefined || situation.refusal !== undefined) return [];
  return [{ kind: 'Time', change: `time passes, until ${situation.until}`, case: withFacts(situation, { now: situation.until }) }];
}

/** What becomes of a Pod: its node, then its containers, then its end. */
function podChanges(situation: Situation): readonly Change[] {
  const alive = situation.case.facts.pods.find(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  if (alive === undefined) return [];
  const { name } = alive.metadata;
  const changed = (change: string, pod: Pod): Change => ({
    kind: 'Pod',
    change,
    case: withFacts(situation, { pods: situation.case.facts.pods.map((each) => (each === alive ? pod : each)) }),
  });
  const { now } = situation.case.facts;
  return [
    ...(alive.status?.phase === 'Running' ? [] : [changed(startedText(alive), inPhase(alive, 'Running', now))]),
    changed(`the agent in pod ${name} ends with exit code 0`, inPhase(alive, 'Succeeded', now)),
  ];
}

function startedText({ metadata, spec }: Pod): string {
  const isBound = spec.nodeName !== undefined && spec.nodeName !== '';
  return isBound ? `the containers of pod ${metadata.name} start` : `pod ${metadata.name} gets a node and its containers start`;
}

function inPhase(pod: Pod, phase: 'Running' | 'Succeeded', now: string): Pod {
  const startedAt = pod.status?.startTime ?? now;
  const state =
    phase === 'Running' ? { running: { startedAt } } : { terminated: { exitCode: 0, reason: 'Completed', startedAt, finishedAt: now } };
  const conditions = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: pod.spec.nodeName ?? 'a-node' },
    status: {
      ...pod.status,
      phase,
      conditions: [...conditions, { type: 'PodScheduled', status: 'True', reason: '', message: '', lastTransitionTime: now }],
      containerStatuses: [{ name: AGENT_CONTAINER, state }],
    },
  };
}
