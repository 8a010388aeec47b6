import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { agent, agentTask, NAMESPACE, task, template } from '#test/support/builders.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { type VirtualHost, virtualHost } from '#test/support/virtual-host.ts';

const bare = <T extends { metadata: object }>(object: T): T => {
  const { uid: _, resourceVersion: __, creationTimestamp: ___, ...metadata } = object.metadata as Record<string, unknown>;
  return { ...object, metadata } as T;
};

const newTask = (name: string, spec = {}): Parameters<VirtualHost['put']>[0] => ({ ...bare(task({ name, spec })), kind: 'Task' });
const newAgentTask = (name: string): Parameters<VirtualHost['put']>[0] => ({ ...bare(agentTask({ name })), kind: 'Task' });

function run(host: VirtualHost, pod: string): void {
  host.podStatus(NAMESPACE, pod, {
    phase: 'Running',
    containerStatuses: [{ name: 'agent', state: { running: { startedAt: '2026-01-01T00:00:03Z' } } }],
  });
}

function end(host: VirtualHost, pod: string, exitCode = 0): void {
  host.podStatus(NAMESPACE, pod, {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [
      { name: 'agent', state: { terminated: { exitCode, startedAt: '2026-01-01T00:00:03Z', finishedAt: '2026-01-01T00:00:09Z' } } },
    ],
  });
}

const phaseOf = (host: VirtualHost, name: string): string | undefined => host.get<Task>('Task', NAMESPACE, name)?.status?.phase;

describe('a plain Task', () => {
  test('runs to Completed with five writes and two Events', async () => {
    const host = virtualHost({ engine: sourceEngine });
    host.put({ ...bare(template()), kind: 'AgentTemplate' });
    await host.start();
    host.put(newTask('fix-bug'));
    await host.clock.advance(1_000);
    expect(phaseOf(host, 'fix-bug')).toBe('Running');
    run(host, 'fix-bug-pod');
    await host.clock.advance(1_000);
    end(host, 'fix-bug-pod');
    await host.clock.advance(10_000);
    expect(phaseOf(host, 'fix-bug')).toBe('Completed');
    expect(host.get<Pod>('Pod', NAMESPACE, 'fix-bug-pod')?.metadata.finalizers ?? []).toEqual([]);
    expect(host.writes.map(({ verb, kind, subresource }) => [verb, kind, subresource].filter(Boolean).join(' '))).toMatchInlineSnapshot(`
      [
        "create ConfigMap",
        "create Pod",
        "create Event",
        "patch Task status",
        "patch Task status",
        "create Event",
        "patch Pod",
      ]
    `);
    expect(host.warnings).toEqual([]);
    expect(host.reads.filter(({ verb }) => verb === 'get')).toEqual([]);
    expect(host.decisions.length).toBeLessThanOrEqual(6);
  });
});

describe('an Agent with one place', () => {
  test('runs its Tasks one after the other, in order, woken by the release', async () => {
    const host = virtualHost({ engine: sourceEngine });
    host.put({ ...bare(agent({ maxConcurrentTasks: 1 })), kind: 'Agent' });
    await host.start();
    for (const name of ['a', 'b', 'c']) {
      host.put(newAgentTask(name));
      await host.clock.advance(1_000);
    }
    expect(['a', 'b', 'c'].map((name) => phaseOf(host, name))).toEqual(['Running', 'Queued', 'Queued']);
    run(host, 'a-pod');
    end(host, 'a-pod');
    await host.clock.advance(100);
    expect(['a', 'b', 'c'].map((name) => phaseOf(host, name))).toEqual(['Completed', 'Running', 'Queued']);
    end(host, 'b-pod', 1);
    await host.clock.advance(100);
    expect(['a', 'b', 'c'].map((name) => phaseOf(host, name))).toEqual(['Completed', 'Failed', 'Running']);
    expect(host.warnings).toEqual([]);
  });
});
