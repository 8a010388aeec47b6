import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { decide } from '#test/support/decide.ts';
import { agentSpec, clusterSpec, either, guide, taskSpec } from './junk.ts';
import { agent, task, template } from './support.ts';

/** `decide` runs the source and core.wasm and demands the same bytes of both: here for everything that goes into a Pod. */
function decideStart(own: unknown, asked: unknown, cluster: unknown, data: unknown) {
  const named = task({ agentRef: { name: 'coder' } });
  // Only what the builder reads is spoilt: the reference itself is another rule's.
  const spec = typeof asked === 'object' && asked !== null ? { ...asked, agentRef: { name: 'coder' } } : named.spec;
  const found = { metadata: { name: 'guide' }, ...(typeof data === 'object' && data !== null ? data : {}) };
  return decide({
    contract: 1,
    kind: 'Task',
    now: '2026-01-02T03:04:05.678Z',
    subject: { namespace: 'team-a', name: 'fix-bug', uid: named.metadata.uid ?? '' },
    task: { ...named, spec },
    pods: [],
    granted: true,
    read: {
      'Agent/team-a/coder': { found: { ...agent(), spec: typeof own === 'object' && own !== null ? own : {} } as ReturnType<typeof agent> },
      'AgentTemplate/team-a/go': { found: template() },
      'ConfigMap/team-a/guide': { found },
    },
    outcomes: [],
    settings: { config: cluster as Snapshot['settings']['config'], referenceGraceSeconds: 60, unreachableAfterSeconds: 300 },
  });
}

describe('core.wasm builds what the source builds', () => {
  test('a Pod with everything', () => {
    const decision = decideStart(agentSpec, taskSpec, clusterSpec, guide);
    expect(decision.type === 'Decided' && decision.actions.map((action) => action.type)).toEqual(expect.arrayContaining(['Create']));
  });

  test('and what it refuses, in the same words', () => {
    fc.assert(
      fc.property(either(agentSpec), either(taskSpec), either(guide), (own, asked, data) => {
        expect(decideStart(own, asked, clusterSpec, data).type).not.toBe('Unusable');
      }),
      { numRuns: 150 },
    );
  });
});
