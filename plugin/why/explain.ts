import type { Task } from '#core/api/task.ts';
import { timestamp } from '#host/clock.ts';
import type { Engine } from '#host/engine/engine.ts';
import { caseOf } from '../cluster/case.ts';
import { namesOf, type Reading } from '../cluster/read.ts';
import { type ClusterReader, createClusterReader } from '../cluster/reader.ts';
import type { Why } from '../contract/why.ts';
import { createKubectl } from '../kubectl.ts';
import { nearNames } from '../near-names.ts';
import { plannedAction } from '../plan/actions.ts';
import { adviceOf } from './advice/advice.ts';
import { againOf } from './again.ts';
import { answerOf } from './answer.ts';
import { type Asker, createAsker } from './asker.ts';
import { attemptFacts } from './attempts.ts';
import type { Situation } from './changes/change.ts';
import { comingOf, untilOf } from './coming.ts';
import { controllerOf, type LeaseName } from './controller.ts';
import { type Judged, nextLook } from './course.ts';
import { endOf, keptOf } from './ended.ts';
import { podFacts, sinceOf } from './facts.ts';
import { latestPod } from './pods.ts';
import { queueOf } from './queue-facts.ts';
import { type Restored, restoreRefusal } from './restored.ts';
import { tried } from './tried.ts';
import { waitsOf } from './waits.ts';

export interface ExplainInput {
  readonly engine: Engine;
  readonly cluster: Reading;
  /** As the API server gave it. */
  readonly task: Task;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Of the controller's leader; absent: nobody looks whether one runs. */
  readonly lease?: LeaseName;
}

/** Explains a Task by asking the core, once as things are and once for each change that could help. */
export async function explain(input: ExplainInput): Promise<Why> {
  const { engine, cluster, nowMs, lease } = input;
  const reader = createClusterReader(cluster);
  const settings = await reader.settings();
  const task = await asKept(reader, input.task);
  const asker = createAsker({ engine, reader, settings, nowMs });
  const plain = await caseOf(reader, { task, settings, nowMs });
  const restored = await restoreRefusal(plain, await asker.decide(plain), asker.decide);
  const base = restored?.case ?? plain;
  const judged = restored?.judged ?? (await asker.place(base));
  const until = nextLook(judged);
  const situation: Situation = {
    case: base,
    judged,
    ...(restored?.refusal === undefined ? {} : { refusal: restored.refusal }),
    ...(until === undefined ? {} : { until }),
    kubectl: createKubectl({ namespace: task.metadata.namespace ?? '', access: cluster.access }),
    near: async (kind, name) => nearNames(name, await namesOf(cluster, kind, task.metadata.namespace ?? '')),
  };
  const isBlind = Object.values(judged.snapshot.read).some((answer) => 'unavailable' in answer);
  const told = {
    formatVersion: 1 as const,
    core: engine.digest,
    at: timestamp(nowMs),
    ...identity(task),
    course: judged.course,
    ...(isBlind ? { isBlind: true as const } : {}),
    says: judged.says,
    ...(await factsOf(situation, task, { asker, isBlind, restored })),
    ...(lease === undefined ? {} : { controller: await controllerOf(cluster, lease, nowMs) }),
    lacks: reader.lacks(),
  };
  return { ...told, answer: answerOf(told) };
}

interface Told {
  readonly asker: Asker;
  readonly isBlind: boolean;
  readonly restored: Restored | undefined;
}

async function factsOf(situation: Situation, task: Task, { asker, isBlind, restored }: Told) {
  const { judged, until, case: base } = situation;
  const { pods } = base.facts;
  const pod = latestPod(pods);
  const since = sinceOf(task, pod, Date.parse(base.facts.now));
  const coming = isBlind ? [] : await comingOf(situation, asker);
  const queue = await queueOf(situation, task, asker);
  const hasEnded = judged.course === 'Ended';
  const again = hasEnded && !isBlind ? await againOf(situation, task, asker) : undefined;
  const advice = isBlind ? [] : await adviceOf(situation, task, asker);
  return {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined || isBlind ? {} : { until: await untilOf(situation, until, asker) }),
    coming,
    reasons: judged.decided.reasons,
    actions: isBlind ? [] : actionsOf(judged),
    ...(restored?.refusal === undefined ? {} : { refusal: { message: restored.refusal, condition: restored.condition } }),
    ...(queue === undefined ? {} : { queue }),
    ...(pod === undefined ? {} : { pod: podFacts(pod) }),
    waits: waitsOf(task, pods, { coming, judged, nowMs: Date.parse(base.facts.now) }),
    ...(hasEnded ? { end: await endOf(situation, task, asker) } : {}),
    ...(hasEnded && !isBlind ? { kept: await keptOf(situation, task, asker) } : {}),
    ...(hasEnded ? {} : attemptFacts(situation, task)),
    ...(again === undefined ? {} : { again }),
    ...(advice.length === 0 ? {} : { advice }),
    changes: isBlind ? [] : await tried(situation, asker),
  };
}

/** The Task as the host's store keeps it. */
async function asKept(reader: ClusterReader, stored: Task): Promise<Task> {
  const { namespace = '', name, uid } = stored.metadata;
  const [answer] = Object.values(await reader.read([{ kind: 'Task', namespace, name }]));
  return answer !== undefined && 'found' in answer && answer.found.metadata.uid === uid ? (answer.found as Task) : stored;
}

function identity({ metadata, status }: Task): Pick<Why, 'namespace' | 'name' | 'uid' | 'phase' | 'cause' | 'message'> {
  const { phase = 'Pending', cause, message } = status ?? {};
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    phase,
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined || message === '' ? {} : { message }),
  };
}

function actionsOf({ decided }: Judged): Why['actions'] {
  return (
    decided.actions
      // What is done aside may be under way: who waits for it is told.
      .filter((action) => action.type !== 'Event' && !(action.type === 'Effect' && action.kind === 'LogTail'))
      .map((action) => {
        const { object: _, reason: __, ...told } = plannedAction(action, '', undefined);
        return told;
      })
  );
}
