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
  'image-pull-given-up-soon': {
    about: 'fix-bug',
    steps: [aTemplate(outcome('image-pull')), aTask({ spec: { pendingTimeouts: { imagePull: '2m' }, retry: { causes: { Image: 1 } } } })],
  },
  'image-pull-given-up-once': {
    about: 'fix-bug',
    steps: [aTemplate(outcome('image-pull')), aTask({ spec: { pendingTimeouts: { imagePull: '2m' }, retry: { causes: { Image: 1 } } } })],
    passesMs: 180_000,
  },
  retrying: {
    about: 'fix-bug',
    steps: [aTemplate(outcome('fail')), aTask({ spec: { retry: { limit: 2, backoff: { initial: '1m' } } } })],
  },
  'retrying-after-out-of-memory': {
    about: 'fix-bug',
    steps: [
      anAgent({ podSpec: { ...outcome('out-of-memory').podSpec, resources: { limits: { memory: '1.5Gi', cpu: 2 } } } }),
      anAgentTask('fix-bug', { retry: { causes: { OutOfMemory: 1 }, backoff: { initial: '1m' } } }),
    ],
  },
  'second-attempt': {
    about: 'fix-bug',
    steps: [aTemplate(sim({ outcome: 'fail', 'run-for': '8s' })), aTask({ spec: { retry: { limit: 2, backoff: { initial: '2s' } } } })],
    passesMs: 20_000,
  },
  'earlier-pod-lives': {
    about: 'fix-bug',
    steps: [
      aTemplate(outcome('never')),
      aTask({ spec: { retry: { causes: { NodeLost: 1 } } } }),
      (world) => world.outages.begin('node-1'),
      remove('Pod', 'fix-bug-pod'),
    ],
    passesMs: 360_000,
  },
  'ended-nobody-saw': {
    about: 'fix-bug',
    steps: [aTemplate(sim({ outcome: 'fail', 'run-for': '30s' })), aTask()],
    alone: { forMs: 60_000 },
  },
  'log-awaited': {
    about: 'fix-bug',
    steps: [aTemplate(sim({ outcome: 'never', 'stop-after': '5s' })), aTask(), stop()],
    passesMs: 4_000,
    alone: { forMs: 10_000 },
  },
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
  'failed-after-retries': {
    about: 'fix-bug',
    steps: [aTemplate(outcome('fail')), aTask({ spec: { retry: { limit: 1, backoff: { initial: '1s' } } } })],
    passesMs: 20_000,
  },
  'finished-of-few-failed-kept': {
    about: 'first',
    steps: [
      aConfig({ cleanup: { maxRetainedTasks: 9, maxRetainedFailedTasks: 2 } }),
      aTemplate(outcome('fail')),
      aTask({ name: 'first' }),
      aTask({ name: 'second' }),
    ],
  },
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
