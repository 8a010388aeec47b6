import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createMetrics } from '#host/observe/metrics.ts';

const GOLDEN = fileURLToPath(new URL('../../../golden/metrics/', import.meta.url));
const OPTIONS = { leaseName: 'lease', version: '1.2.3', coreDigest: 'sha256:c', apiServer: 'api.example:6443', process: false } as const;

test('the exposition of a host that has done nothing yet: every name, help, type, and label that is known beforehand', async () => {
  await expect((await createMetrics(OPTIONS).scrape()).text).toMatchFileSnapshot(`${GOLDEN}idle.txt`);
});

test('the exposition of a host that has worked, without buckets', async () => {
  const metrics = createMetrics(OPTIONS);
  const coder = { namespace: 'team-a', agent: 'coder' };
  const ref = { kind: 'Pod', namespace: 'team-a', name: 'p' } as const;
  const at = { count: 1, firstAt: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-01T00:00:00.000Z' } as const;
  const log = {
    type: 'Effect',
    id: 'log',
    kind: 'LogTail',
    pod: { ...ref, uid: 'u' },
    container: 'agent',
    limitBytes: 1,
    followSeconds: 0,
    configMap: { kind: 'ConfigMap', metadata: { name: 'c' } },
  } as const;
  metrics.observe({
    tasks: () => [{ labels: { namespace: 'team-a', phase: 'Running' }, value: 3 }],
    causes: () => [{ labels: { namespace: 'team-a', phase: 'Pending', cause: 'Image' }, value: 1 }],
    agentQueue: () => [{ labels: coder, value: 2 }],
    agentQueueOldest: () => [{ labels: coder, value: 90 }],
    agentSlots: () => [{ labels: coder, value: 4 }],
    agentSlotsTaken: () => [{ labels: coder, value: 3 }],
    ledgers: () => [{ labels: { ledger: 'queue' }, value: 5 }],
    cacheObjects: () => [{ labels: { kind: 'Pod' }, value: 7 }],
    lastDecisionSeconds: () => 1_767_225_600.5,
    workQueueDepth: () => 5,
    activeWorkers: () => 2,
    unfinishedSeconds: () => 1.5,
    longestRunningSeconds: () => 1,
  });
  metrics.reconciled('success', 0.01);
  metrics.reconciled('error', 0.2);
  metrics.panicked();
  metrics.queueAdded();
  metrics.queueRetried();
  metrics.queueWaited(0.5);
  metrics.maxConcurrentReconciles(32);
  metrics.leading(true);
  metrics.apiCall('create', 'Pod', '201', 0.02);
  metrics.apiCall('patch', 'Task', '0', 30);
  metrics.apiCall('watch', 'Task', '200', 300);
  metrics.taskStarted(coder, 12);
  metrics.attemptEnded(coder, 'Evicted');
  metrics.attemptEnded(coder, '');
  metrics.taskFinished({ ...coder, outcome: 'Completed', cause: '' }, 60);
  metrics.taskFinished({ ...coder, outcome: 'Failed', cause: 'Evicted' }, null);
  const reasons = [{ rule: 'task/start', module: 'core', says: 'starts', facts: {} }] as const;
  metrics.decided({ type: 'Answered', decision: { type: 'Decided', actions: [], dependsOn: [], reasons }, log: '', fuelUsed: 3 }, 0.0004);
  metrics.decided({ type: 'Answered', decision: { type: 'Reads', refs: [] }, log: '', fuelUsed: 1 }, 0.0001);
  metrics.decided({ type: 'EngineError', cause: 'Trap', message: 'x', log: '' }, 0.1);
  metrics.acted({ type: 'Delete', id: 'd', ref, uid: 'u' }, { actionId: 'd', result: 'refused', code: 403, ...at });
  metrics.acted(log, { actionId: 'log', result: 'ok', answer: '{"bytes":12,"truncated":false}', ...at });
  metrics.acted(log, { actionId: 'log', result: 'ok', answer: '{"bytes":0,"truncated":false}', ...at });
  metrics.acted(log, { actionId: 'log', result: 'refused', code: 404, reason: 'NotFound', ...at });
  metrics.reflectorRestarted('Pod', 'Expired');
  metrics.journalWrote(1_000);
  metrics.journalDropped(500);
  metrics.journalFailed();
  const { text } = await metrics.scrape();
  const lines = text.split('\n').filter((line) => line !== '' && !/^#|_bucket\{| 0$/.test(line));
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`${GOLDEN}worked.txt`);
});
