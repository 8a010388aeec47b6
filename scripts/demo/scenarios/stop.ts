import { pair } from '../objects.ts';
import { applied, type DemoScenario, once } from '../scenario.ts';

/** The two ways to stop a Task. */
export const stop: DemoScenario = {
  name: 'stop',
  title: 'three Tasks are stopped: its Pod deleted, its Pod kept, and one that does not listen',
  look: [
    'A Task is finished when its containers are gone, not when it was asked to stop.',
    'deaf ignores SIGTERM: it is killed when its 8 seconds are over.',
    'Retain keeps the Pod: its logs can still be read.',
  ],
  speed: 4,
  nodes: ['node-1'],
  hosts: 1,
  detail: 'Everything',
  happenings: [
    applied(1, 'endless.yaml', [
      ...pair('plain', { outcome: 'never', 'stop-after': '2s' }),
      ...pair(
        'kept',
        { outcome: 'never', 'stop-after': '2s', 'stop-exit-code': '0' },
        { stop: { mode: 'Retain', gracePeriodSeconds: 20 } },
      ),
      ...pair('deaf', { outcome: 'never', 'stop-after': '10m' }, { stop: { mode: 'Delete', gracePeriodSeconds: 8 } }),
    ]),
    { at: once('Pod', 'plain-pod', 'Running', 4), happening: { type: 'StopTask', name: 'plain' } },
    { at: once('Pod', 'plain-pod', 'Running', 5), happening: { type: 'StopTask', name: 'kept' } },
    { at: once('Pod', 'plain-pod', 'Running', 6), happening: { type: 'StopTask', name: 'deaf' } },
    { at: once('Task', 'deaf', 'Completed', 2), happening: { type: 'Logs', pod: 'kept-pod' } },
    { at: once('Task', 'deaf', 'Completed', 3), happening: { type: 'Logs', pod: 'plain-pod' } },
  ],
  expects: { ends: { plain: 'Stopped', kept: 'Stopped', deaf: 'Stopped' } },
};
