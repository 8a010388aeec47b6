import { pair } from '../objects.ts';
import { applied, type DemoScenario, once } from '../scenario.ts';

/** Nodes that are heard no more. */
export const nodeLost: DemoScenario = {
  name: 'node-lost',
  title: 'two nodes are heard no more; one comes back in time, the other does not',
  look: [
    'quick ends while nobody hears of it: its Task is Completed as soon as its node is back.',
    'gone stays Running in the API server for ever: its Task ends as NodeLost, long after the cluster gave its Pod up,',
    'and says that containers may still run. When the node is back, its Pod goes.',
  ],
  speed: 20,
  nodes: ['node-1', 'node-2', 'node-3'],
  hosts: 1,
  detail: 'Everything',
  happenings: [
    // The scheduler takes the nodes in turn.
    applied(1, 'workers.yaml', [
      ...pair('near', { 'run-for': '30s' }),
      ...pair('quick', { 'run-for': '40s' }),
      ...pair('gone', { outcome: 'never' }),
    ]),
    { at: once('Pod', 'gone-pod', 'Running', 5), happening: { type: 'CutOff', node: 'node-2' } },
    { at: once('Pod', 'gone-pod', 'Running', 8), happening: { type: 'CutOff', node: 'node-3' } },
    { at: once('Pod', 'gone-pod', 'Running', 120), happening: { type: 'Back', node: 'node-2' } },
    { at: once('Pod', 'gone-pod', 'Running', 340), happening: { type: 'GiveUp', node: 'node-3' } },
    { at: once('Task', 'gone', 'Failed', 60), happening: { type: 'Back', node: 'node-3' } },
  ],
  expects: { ends: { gone: 'Failed' }, causes: { gone: 'NodeLost' } },
};
