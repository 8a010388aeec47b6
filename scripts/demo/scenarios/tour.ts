import { after, type DemoScenario, once } from '../scenario.ts';

/** The examples of the repository. */
export const tour: DemoScenario = {
  name: 'tour',
  title: 'the examples: a Task that completes, one that fails, one that is tried again, one that is stopped, three in a queue',
  look: [
    'hello and contexts stand before what they refer to: they wait for it, and say so.',
    'review-urgent has priority: it overtakes review-2.',
    'persistent fails twice: its second attempt has a Pod of its own.',
    'endless is stopped with Retain: its containers end, its Pod and its logs stay.',
  ],
  speed: 4,
  nodes: ['node-1', 'node-2'],
  hosts: 1,
  detail: 'Everything',
  happenings: [
    { at: after(1), happening: { type: 'ApplyFolder', folder: 'host/manifests/examples' } },
    { at: once('Task', 'endless', 'Running', 4), happening: { type: 'StopTask', name: 'endless' } },
    { at: once('Task', 'endless', 'Completed', 0.5), happening: { type: 'Logs', pod: 'endless-pod' } },
  ],
  expects: { ends: { failing: 'Failed', persistent: 'Failed', endless: 'Stopped' }, queued: 2 },
};
