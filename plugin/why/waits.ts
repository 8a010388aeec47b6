import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import { containersOf, moment } from './facts.ts';
import type { WhyMoment, WhyWait } from './model.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

interface Seen {
  readonly coming: readonly WhyMoment[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Who waits for whom where something is being deleted, from the Task down. */
export function waitsOf(task: Task, pods: readonly Pod[], { coming, nowMs }: Seen): readonly WhyWait[] {
  const going = pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  return [
    ...(task.metadata.deletionTimestamp === undefined ? [] : waitsOfTask(task, pods)),
    ...going.flatMap((pod) => waitsOfPod(task, pod, { coming, nowMs })),
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
  const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  const isFinished = task.status?.phase === 'Completed' || task.status?.phase === 'Failed';
  const { nodeName = '' } = pod.spec;
  const lost = coming.find(({ course }) => course === 'Ends');
  const kubelet: readonly WhyWait[] =
    hasEnded || nodeName === ''
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
    ...(isFinished ? [] : [{ who: `Task ${task.metadata.name}`, waitsFor: `the end of pod ${name}` }]),
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
