import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { expectedReads } from '#core/contract/expected-reads.ts';
import { type Ref, refKey } from '#core/contract/snapshot.ts';
import { decide } from '#core/decide.ts';
import { agent, agentTask, condition, found, NAMESPACE, pod, running, snapshot, task, template } from '#test/support/builders.ts';

/** A cache with an Agent and an AgentTemplate named `coder`, of which the Agent takes the template's word. */
const objects = { agent: agent({ templateRef: { name: 'coder' } }), template: template() };
const cached = ({ kind }: Ref): KubernetesObject | undefined => (kind === 'Agent' ? objects.agent : objects.template);
const queued = condition('Queued', 'True', 'AgentAtCapacity', '2026-01-01T10:00:00Z', 'full');

/** Tasks, and what is asked for about each. */
const ASKED: readonly (readonly [string, Task, readonly string[]])[] = [
  ['names a template', task(), ['AgentTemplate/team-a/coder']],
  ['names an Agent that takes its template', agentTask(), ['Agent/team-a/coder', 'AgentTemplate/team-a/coder']],
  [
    'waits in its queue',
    agentTask({ status: { phase: 'Queued', conditions: [queued] } }),
    ['Agent/team-a/coder', 'AgentTemplate/team-a/coder'],
  ],
  ['has failed once and is due again', task({ status: { phase: 'Pending', attemptCount: 1 } }), ['AgentTemplate/team-a/coder']],
];

describe('what a Task without a Pod will ask for', () => {
  test.each(ASKED)('%s', (_, asking, refs) => {
    expect(expectedReads(snapshot({ task: asking }), cached).map(refKey)).toEqual(refs);
  });

  test.each(ASKED)('is what the core asks for, so that one pass is enough: %s', (_, asking) => {
    const facts = snapshot({ task: asking });
    const expected = expectedReads(facts, cached).map(refKey);
    const asks = decide(facts);
    expect(asks.type).toBe('Reads');
    if (asks.type === 'Reads') expect(expected).toEqual(expect.arrayContaining(asks.refs.map(refKey)));
    expect(decide({ ...facts, read: found(objects) }).type).toBe('Decided');
  });

  test('is unknown beyond an Agent that is not there', () => {
    expect(expectedReads(snapshot({ task: agentTask() }), () => undefined).map(refKey)).toEqual(['Agent/team-a/coder']);
  });

  test.each([
    ['with a Pod', snapshot({ task: task({ status: running() }), pods: [pod()] })],
    ['that has ended', snapshot({ task: task({ status: { phase: 'Completed' } }) })],
    ['that is gone', snapshot({ task: null, pods: [pod()] })],
    ['that goes', snapshot({ task: task({ metadata: { deletionTimestamp: '2026-01-01T10:00:00Z' } }) })],
    ['that is suspended', snapshot({ task: task({ spec: { suspend: true } }) })],
  ])('is nothing for a Task %s', (_, facts) => {
    expect(expectedReads(facts, cached)).toEqual([]);
  });

  test.each([null, undefined, 'text', { agentRef: 7 }, { agentRef: null, templateRef: { name: ['a'] } }, { agentRef: { name: '' } }])(
    'is nothing for a spec that nobody can read: %j',
    (spec) => {
      const malformed = { ...task(), spec } as unknown as Task;
      expect(expectedReads(snapshot({ task: malformed }), cached)).toEqual([]);
    },
  );

  test.each([undefined, null, 'text', { templateRef: 7 }, { templateRef: { name: {} } }])(
    'is the Agent alone where its spec is %j',
    (spec) => {
      const malformed = { ...objects.agent, spec } as unknown as KubernetesObject;
      const refs = expectedReads(snapshot({ task: agentTask() }), ({ kind }) => (kind === 'Agent' ? malformed : undefined));
      expect(refs).toEqual([{ kind: 'Agent', namespace: NAMESPACE, name: 'coder' }]);
    },
  );

  test('changes no decision where it was given for nothing', () => {
    const suspended = snapshot({ task: task({ spec: { suspend: true } }) });
    expect(decide({ ...suspended, read: found(objects) })).toEqual(decide(suspended));
  });
});
