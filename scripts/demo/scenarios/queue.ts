import { agent, task } from '../objects.ts';
import { applied, type DemoScenario } from '../scenario.ts';

const CREW = { agentRef: { name: 'crew' } } as const;
const numbers = Array.from({ length: 18 }, (_, index) => String(index + 1).padStart(2, '0'));

/** Twenty Tasks, three places. */
export const queue: DemoScenario = {
  name: 'queue',
  title: '20 Tasks behind 3 places, two of them urgent',
  look: [
    'Never more than 3 run. Who waits costs one write, however long the queue.',
    'The urgent ones come last and go first; else it is the oldest.',
  ],
  speed: 6,
  nodes: ['node-1', 'node-2'],
  hosts: 1,
  detail: 'Tasks',
  happenings: [
    applied(1, 'crew.yaml', [
      agent('crew', { 'run-for': '4s' }, { maxConcurrentTasks: 3 }),
      ...numbers.map((number) => task(`task-${number}`, CREW)),
    ]),
    applied(
      9,
      'urgent.yaml',
      ['urgent-1', 'urgent-2'].map((name) => task(name, CREW, { priority: 10 })),
    ),
  ],
  expects: { ends: {}, mostPods: 3, queued: 17 },
};
