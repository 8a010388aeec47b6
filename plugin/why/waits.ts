import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { hasEnded, isFinished } from '#core/contract/ended.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import type { WhyMoment, WhyWait } from '../contract/why.ts';
import { type Judged, logsWanted } from './course.ts';
import { containersOf, moment } from './facts.ts';
import { isEndedByDeadline } from './pods.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

interface Seen {
  readonly coming: readonly WhyMoment[];
  readonly judged: Judged;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Who waits for whom where something is being deleted, from the Task down. */
export function waitsOf(task: Task, pods: readonly Pod[], seen: Seen): readonly WhyWait[] {
  const going = pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  return [
    ...(task.metadata.deletionTimestamp === undefined ? [] : waitsOfTask(task, pods)),
    ...pods.filter(isEndedByDeadline).flatMap((pod) => waitsForDeadline(task, pod, seen)),
    ...going.flatMap((pod) => waitsOfPod(task, pod, seen)),
    ...logsWanted(seen.judged).map(({ pod, container, configMap }) => ({
      who: `the end of pod ${pod.name}`,
      waitsFor: `the controller to keep the end of its log, container ${container}, in ConfigMap ${configMap.metadata.name}`,
    })),
  ];
}

/** A Pod that is to end by its deadline is ended by its kubelet, at once, with its own grace. */
function waitsForDeadline(task: Task, pod: Pod, { coming }: Seen): readonly WhyWait[] {
  const { name } = pod.metadata;
  const { nodeName = '', terminationGracePeriodSeconds = 30 } = pod.spec;
  const escalation = coming.find(({ by }) => by === 'Controller');
  return [
    { who: `Task ${task.metadata.name}`, waitsFor: `the end of pod ${name}` },
    {
      who: `pod ${name}`,
      waitsFor: `the kubelet of node ${nodeName}, to end ${runningText(pod)} by its deadline, with a grace of ${terminationGracePeriodSeconds}s`,
    },
    ...(escalation === undefined
      ? []
      : [{ who: 'the controller', waitsFor: `that, until ${moment(escalation.at)}, and then deletes the pod`, until: escalation.at }]),
  ];
}

function waitsOfTask({ metadata: { name, finalizers = [] } }: Task, pods: readonly Pod[]): readonly WhyWait[] {
  const who = `Task ${name}`;
  return finalizers.map((finalizer): WhyWait => {
    switch (finalizer) {
      case FOREGROUND:
        return {
          who,
          waitsFor: `what it owns to be gone: ${pods.length === 0 ? 'ask the garbage collector' : pods.map((pod) => `pod ${pod.metadata.name}`).join(', ')}`,
        };
      case ORPHAN:
        return { who, waitsFor: 'the garbage collector, to leave behind what it owns' };
      default:
        return { who, waitsFor: `whoever put the finalizer ${finalizer} on it, to take it off` };
    }
  });
}

function waitsOfPod(task: Task, pod: Pod, { coming, nowMs }: Seen): readonly WhyWait[] {
  const { name, deletionTimestamp = '', finalizers = [] } = pod.metadata;
  const who = `pod ${name}`;
  const { nodeName = '' } = pod.spec;
  const lost = coming.find(({ course }) => course === 'Ends');
  const kubelet: readonly WhyWait[] =
    hasEnded(pod) || nodeName === ''
      ? []
      : [
          {
            who,
            waitsFor: `the kubelet of node ${nodeName}, which ${nowMs < Date.parse(deletionTimestamp) ? 'has' : 'had'} until ${moment(deletionTimestamp)} to end ${runningText(pod)}`,
            until: deletionTimestamp,
          },
        ];
  const bound: readonly WhyWait[] =
    kubelet.length === 0 || lost === undefined
      ? []
      : [
          {
            who: 'the controller',
            waitsFor: `word from node ${nodeName}, until ${moment(lost.at)} and no longer`,
            until: lost.at,
          },
        ];
  return [
    ...(isFinished(task) ? [] : [{ who: `Task ${task.metadata.name}`, waitsFor: `the end of pod ${name}` }]),
    ...kubelet,
    ...bound,
    ...finalizers.map((finalizer) => ({
      who,
      waitsFor:
        finalizer === POD_FINALIZER
          ? `this controller to record its end, and to take the finalizer ${finalizer} off`
          : `whoever put the finalizer ${finalizer} on it, to take it off`,
    })),
  ];
}

function runningText(pod: Pod): string {
  const running = containersOf(pod).filter(({ state }) => state?.running !== undefined);
  return running.length === 0 ? 'its containers' : running.map(({ name }) => `container ${name}`).join(', ');
}
