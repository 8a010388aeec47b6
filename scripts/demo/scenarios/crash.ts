import { pair } from '../objects.ts';
import { after, applied, type DemoScenario, once } from '../scenario.ts';

/** A host that dies at the worst moment. */
export const crash: DemoScenario = {
  name: 'crash',
  title: 'the host dies between two writes, another takes over, and nothing is lost',
  look: [
    'host-1 has created the Pod of half, and dies before it writes that half runs.',
    'While nobody leads, ends ends, dropped’s Pod is deleted and asked is stopped: the finalizer keeps what happened.',
    'host-2 finds all of it, and makes no Pod a second time.',
  ],
  speed: 5,
  nodes: ['node-1', 'node-2'],
  hosts: 2,
  detail: 'Everything',
  happenings: [
    applied(1, 'workers.yaml', [
      ...pair('long', { 'run-for': '30s' }),
      ...pair('ends', { 'run-for': '8s' }),
      ...pair('dropped', { outcome: 'never', 'stop-exit-code': '0' }),
      ...pair('asked', { outcome: 'never' }),
    ]),
    { at: after(6), happening: { type: 'CrashBeforeStatus', task: 'half' } },
    applied(7, 'half.yaml', pair('half', { 'run-for': '12s' })),
    { at: once('Pod', 'half-pod', 'Running', 3), happening: { type: 'DeletePod', name: 'dropped-pod' } },
    { at: once('Pod', 'half-pod', 'Running', 4), happening: { type: 'StopTask', name: 'asked' } },
  ],
  expects: { ends: { dropped: 'Failed', asked: 'Stopped' }, causes: { dropped: 'PodDeleted' } },
};
