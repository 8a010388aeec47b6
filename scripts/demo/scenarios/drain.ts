import { pair } from '../objects.ts';
import { applied, type DemoScenario, once } from '../scenario.ts';

/** Pods that lose their place. */
export const drain: DemoScenario = {
  name: 'drain',
  title: 'a node is drained and another runs out of memory while Tasks run',
  look: [
    'saves exits with 0 when it is drained, so its Pod ends as Succeeded: its Task is Failed all the same.',
    'The cause comes from the Pod’s condition DisruptionTarget, before any text.',
  ],
  speed: 4,
  nodes: ['node-1', 'node-2'],
  hosts: 1,
  detail: 'Everything',
  happenings: [
    // The scheduler takes the nodes in turn.
    applied(1, 'workers.yaml', [
      ...pair('saves', { outcome: 'never', 'stop-after': '3s', 'stop-exit-code': '0' }),
      ...pair('calm', { 'run-for': '20s' }),
      ...pair('stubborn', { outcome: 'never', 'stop-after': '10m', graceSeconds: 5 }),
      ...pair('hungry', { outcome: 'evicted', 'run-for': '12s' }),
    ]),
    { at: once('Pod', 'stubborn-pod', 'Running', 4), happening: { type: 'Drain', node: 'node-1' } },
  ],
  expects: {
    ends: { saves: 'Failed', stubborn: 'Failed', hungry: 'Failed' },
    causes: { saves: 'Evicted', stubborn: 'Evicted', hungry: 'Evicted' },
  },
};
