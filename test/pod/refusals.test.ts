import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeOpenCodeConfigSpec } from '#core/api/config.ts';
import { buildPod } from '#core/pod/build.ts';
import { resolveAgent } from '#core/pod/resolve.ts';
import { agentSpec, clusterSpec, either, guide, taskSpec } from './junk.ts';
import { agent, built, frozen, type Ingredients, outcome, refusal, task, template } from './support.ts';

/** A field of a stored object as it must never be; what types promise does not hold for what an older CRD let in. */
function stored<T>(value: unknown): T {
  return value as T;
}

describe('fields that an older CRD let in are refused with the field’s name', () => {
  test.each<[string, Ingredients, string, string]>([
    [
      'a command that is text',
      { template: { command: stored('run.sh') } },
      'AgentError',
      'agent template "go" cannot be used: spec.command must be a list, but is text',
    ],
    [
      'a number in a list',
      { agent: { command: stored(['run', 1]) } },
      'AgentError',
      'agent "coder" cannot be used: spec.command[1] must be text, but is the number 1',
    ],
    ['contexts as an object', { template: { contexts: stored({}) } }, 'AgentError', 'spec.contexts must be a list, but is an object'],
    [
      'a context without type',
      { task: { contexts: stored([{ text: 'x' }]) } },
      'ContextError',
      'task "fix-bug" cannot be used: spec.contexts[0].type is missing',
    ],
    [
      'a ConfigMap without name',
      { task: { contexts: stored([{ type: 'ConfigMap', configMap: { name: '' } }]) } },
      'ContextError',
      'spec.contexts[0].configMap.name must be text that is not empty, but is empty',
    ],
    ['a null in a list', { task: { contexts: stored([null]) } }, 'ContextError', 'spec.contexts[0] must be an object, but is null'],
    [
      'a file mode that is text',
      { task: { contexts: stored([{ type: 'Text', text: '', fileMode: '0644' }]) } },
      'ContextError',
      'spec.contexts[0].fileMode must be a whole number, but is text',
    ],
    [
      'a secret as text',
      { template: { credentials: stored([{ secretRef: 'token' }]) } },
      'AgentError',
      'spec.credentials[0].secretRef must be an object, but is text',
    ],
    [
      'labels that are no text',
      { template: { podSpec: { labels: stored({ a: true }) } } },
      'AgentError',
      'spec.podSpec.labels.a must be text, but is the boolean true',
    ],
    ['a skill without git', { template: { skills: [{ name: 'x' }] } }, 'AgentError', 'spec.skills[0].git is missing'],
    [
      'a skill name with slashes',
      { template: { skills: [{ name: '../x', git: { repository: 'r' } }] } },
      'AgentError',
      'skills[0]: "../x" must be the name of one folder, without slashes',
    ],
    [
      'a skill path out of the repository',
      { template: { skills: [{ name: 'x', git: { repository: 'r', path: '..' } }] } },
      'AgentError',
      'skills[0]: git path ".." leads out of the repository',
    ],
    [
      'a default timeout that is none',
      { agent: { taskDefaults: { timeout: '1 hour' } } },
      'AgentError',
      'agent "coder" cannot be used: taskDefaults.timeout "1 hour" is not a duration; want a form such as 90s, 30m or 1h30m',
    ],
    [
      'an execution that is none',
      { agent: { execution: stored('Serve') } },
      'AgentError',
      'execution must be Pod or Attach, but is "Serve"',
    ],
    [
      'a cluster proxy as text',
      { config: { proxy: stored('http://p') } },
      'AgentError',
      'KubeOpenCodeConfig "cluster" cannot be used: spec.proxy must be an object, but is text',
    ],
    ['a spec that is none', { task: stored({ description: 3 }) }, 'ContextError', 'spec.description must be text, but is the number 3'],
  ])('%s', (_, given, reason, message) => {
    const refused = refusal(given);
    expect(refused.reason).toBe(reason);
    expect(refused.message).toContain(message);
  });

  test('nulls count as absent, as the API server drops them', () => {
    const nulls = stored<Ingredients>({
      template: { command: null, podSpec: { labels: null, resources: null }, contexts: null },
      task: { contexts: null, description: null },
      config: { proxy: null },
    });
    expect(built(nulls).pod).toEqual(built({}).pod);
  });

  test('fields that nobody knows are ignored', () => {
    expect(built({ template: stored({ outputs: { parameters: [] }, podSpec: { hostNetwork: true } }) }).pod).toEqual(built({}).pod);
  });
});

describe('whatever is stored, the builder answers', () => {
  test('with a Pod, a wish to read, or a refusal in words: it never throws', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(
        either(agentSpec),
        either(agentSpec),
        either(taskSpec),
        either(clusterSpec),
        either(guide),
        fc.boolean(),
        (own, inherited, asked, cluster, answer, alone) => {
          const source = alone
            ? { template: template() }
            : { agent: agent(), template: { ...template(), spec: stored<ReturnType<typeof template>['spec']>(inherited) } };
          const withSpec =
            'agent' in source
              ? { ...source, agent: { ...source.agent, spec: stored<ReturnType<typeof agent>['spec']>(own) } }
              : { template: { ...template(), spec: stored<ReturnType<typeof template>['spec']>(own) } };
          const clusterConfig = stored<KubeOpenCodeConfigSpec>(cluster);
          const resolved = resolveAgent(frozen(withSpec), clusterConfig);
          const found = { metadata: { name: 'guide' }, ...(typeof answer === 'object' && answer !== null ? answer : {}) };
          const result =
            resolved.type === 'Refused'
              ? resolved
              : buildPod({
                  task: { ...task(), spec: stored<ReturnType<typeof task>['spec']>(asked) },
                  agent: frozen(resolved.agent),
                  config: clusterConfig,
                  attempt: 1,
                  read: frozen({ 'ConfigMap/team-a/guide': { found } }),
                  evidence: 'Finalizer',
                });
          seen.set(result.type, (seen.get(result.type) ?? 0) + 1);
          if ('message' in result) expect(result.message).toMatch(/\S/);
          // What came out is JSON, and the same again.
          expect(JSON.parse(JSON.stringify(result))).toEqual(result);
        },
      ),
      { numRuns: 1_500 },
    );
    // The junk is neither so wild that nothing is built nor so tame that nothing is refused.
    for (const type of ['Built', 'Refused', 'Waits']) expect(seen.get(type) ?? 0, type).toBeGreaterThan(20);
  });

  test('the unspoilt objects of this property are fine', () => {
    expect(
      outcome(
        stored<Ingredients>({
          agent: agentSpec,
          task: taskSpec,
          config: clusterSpec,
          read: { 'ConfigMap/team-a/guide': { found: { metadata: { name: 'guide' }, ...guide } } },
        }),
      ).type,
    ).toBe('Built');
  });
});
