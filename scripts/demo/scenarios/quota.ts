import { task, template } from '../objects.ts';
import { after, applied, type DemoScenario } from '../scenario.ts';

const names = ['one', 'two', 'three', 'four', 'five'] as const;

/** An API server that refuses. */
export const quota: DemoScenario = {
  name: 'quota',
  title: 'the API server refuses Pods because of a ResourceQuota, and it is waited for',
  look: [
    'A refused Pod is not the end of its Task: the condition says what the API server said, and it is tried again, ever more slowly.',
    'The quota is raised: all run.',
  ],
  speed: 5,
  nodes: ['node-1', 'node-2'],
  hosts: 1,
  detail: 'Everything',
  happenings: [
    { at: after(0.5), happening: { type: 'Quota', hard: 2 } },
    applied(1, 'five.yaml', [
      template('worker', { 'run-for': '25s' }),
      ...names.map((name) => task(name, { templateRef: { name: 'worker' } })),
    ]),
    { at: after(15), happening: { type: 'Quota', hard: 5 } },
  ],
  expects: { ends: {} },
};
