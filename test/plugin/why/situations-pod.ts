import { aConfig, anAgent, anAgentTask, aTask, aTemplate, outcome, patch, remove, type Situation, sim, stop } from './steps.ts';

/** Tasks whose Pod is there. */
export const RUNS: Readonly<Record<string, Situation>> = {
  running: { about: 'fix-bug', steps: [aTemplate(outcome('never')), aTask({ spec: { timeout: '1h' } })] },
  'running-with-a-deadline': {
    about: 'fix-bug',
    steps: [aTemplate(outcome('never')), aTask(), patch('Pod', 'fix-bug-pod', { spec: { activeDeadlineSeconds: 600 } })],
  },
  unschedulable: { about: 'fix-bug', steps: [aTemplate(outcome('unschedulable')), aTask({ spec: { timeout: '30m' } })] },
  'image-pull': { about: 'fix-bug', steps: [aTemplate(outcome('image-pull')), aTask()] },
  'config-error': { about: 'fix-bug', steps: [aTemplate(outcome('config-error')), aTask()] },
  stopping: {
    about: 'fix-bug',
    steps: [aTemplate(sim({ outcome: 'never', 'stop-after': '20s' })), aTask(), stop()],
  },
  'stop-nobody-heard': { about: 'fix-bug', steps: [aTemplate(outcome('never')), aTask()], alone: { forMs: 10_000, steps: [stop()] } },
  'timeout-nobody-saw': {
    about: 'fix-bug',
    steps: [aTemplate(outcome('never')), aTask({ spec: { timeout: '1m' } })],
    alone: { forMs: 300_000 },
  },
  'pod-being-deleted': {
    about: 'fix-bug',
    steps: [aTemplate(sim({ outcome: 'never', 'stop-after': '20s' })), aTask(), remove('Pod', 'fix-bug-pod')],
  },
  'node-silent': {
    about: 'fix-bug',
    steps: [aTemplate(outcome('never')), aTask(), (world) => world.outages.begin('node-1'), remove('Pod', 'fix-bug-pod')],
    passesMs: 60_000,
  },
  'task-being-deleted': {
    about: 'fix-bug',
    steps: [
      aTemplate(sim({ outcome: 'never', 'stop-after': '20s' })),
      aTask({ metadata: { finalizers: ['example.com/billing'] } }),
      remove('Task', 'fix-bug'),
    ],
  },
};

/** Tasks that have ended. */
export const ENDED: Readonly<Record<string, Situation>> = {
  finished: { about: 'fix-bug', steps: [aTemplate(), aTask({ spec: { cleanup: { ttlSecondsAfterFinished: 3600 } } })] },
  'finished-of-few-kept': {
    about: 'first',
    steps: [aConfig({ cleanup: { maxRetainedTasks: 3 } }), aTemplate(), aTask({ name: 'first' }), aTask({ name: 'second' })],
  },
  failed: { about: 'fix-bug', steps: [aTemplate(outcome('out-of-memory')), aTask()] },
  'failed-and-the-pod-is-gone': {
    about: 'fix-bug',
    steps: [aTemplate(sim({ outcome: 'fail', 'exit-code': '3' })), aTask(), remove('Pod', 'fix-bug-pod')],
  },
  'init-container-failed': {
    about: 'fix-bug',
    steps: [aTemplate(sim({ outcome: 'fail', container: 'context-init', 'exit-code': '2' })), aTask()],
  },
  evicted: { about: 'fix-bug', steps: [aTemplate(outcome('evicted')), aTask()] },
  'pod-deleted': { about: 'fix-bug', steps: [aTemplate(outcome('never')), aTask(), remove('Pod', 'fix-bug-pod')] },
  'node-lost': {
    about: 'fix-bug',
    steps: [aTemplate(outcome('never')), aTask(), (world) => world.outages.begin('node-1'), remove('Pod', 'fix-bug-pod')],
    passesMs: 400_000,
  },
  stopped: { about: 'fix-bug', steps: [aTemplate(outcome('never')), aTask(), stop()] },
  'stopped-and-kept': {
    about: 'fix-bug',
    steps: [aTemplate(outcome('never')), aTask({ spec: { stop: { mode: 'Retain' } } }), stop()],
  },
  'stopped-while-queued': {
    about: 'second',
    steps: [anAgent({ maxConcurrentTasks: 1, ...outcome('never') }), anAgentTask('first'), anAgentTask('second'), stop('second')],
  },
  'timed-out': { about: 'fix-bug', steps: [aTemplate(outcome('never')), aTask({ spec: { timeout: '5s' } })] },
};
