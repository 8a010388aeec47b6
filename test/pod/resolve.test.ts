import { describe, expect, test } from 'vitest';
import type { AgentSpec } from '#core/api/agent.ts';
import type { AgentTemplateSpec } from '#core/api/agent-template.ts';
import type { KubeOpenCodeConfigSpec } from '#core/api/config.ts';
import { type AgentSource, type ResolvedAgent, resolveAgent } from '#core/pod/resolve.ts';
import { agent, resolvedTemplate, template } from './support.ts';

function resolved(source: AgentSource, config: KubeOpenCodeConfigSpec = {}): ResolvedAgent {
  const result = resolveAgent(source, config);
  if (result.type === 'Refused') throw new Error(result.message);
  return result.agent;
}

function merged(own: Partial<AgentSpec>, inherited: Partial<AgentTemplateSpec>, config: KubeOpenCodeConfigSpec = {}): ResolvedAgent {
  return resolved({ agent: agent(own), template: template(inherited) }, config);
}

describe('defaults', () => {
  test('a template alone', () => {
    expect(resolvedTemplate()).toEqual({
      name: 'go',
      execution: 'Pod',
      agentImage: 'ghcr.io/kubeopencode/kubeopencode-agent-opencode:latest',
      executorImage: 'ghcr.io/kubeopencode/kubeopencode-agent-devbox:latest',
      attachImage: 'ghcr.io/kubeopencode/kubeopencode-agent-attach:latest',
      workspaceDir: '/workspace',
      serviceAccountName: 'runner',
      command: [],
      contexts: [],
      skills: [],
      plugins: [],
      credentials: [],
      imagePullSecrets: [],
      taskDefaults: {},
    });
  });

  test('a trailing slash of workspaceDir is dropped', () => {
    expect(resolvedTemplate({ workspaceDir: '/work//space/' }).workspaceDir).toBe('/work/space');
  });
});

describe('an Agent with a template', () => {
  test.each(['agentImage', 'executorImage', 'attachImage', 'workspaceDir', 'serviceAccountName'] as const)(
    'text %s: the Agent’s, else the template’s',
    (field) => {
      expect(merged({ [field]: '/own' }, { [field]: '/inherited' })[field]).toBe('/own');
      expect(merged({ [field]: '' }, { [field]: '/inherited' })[field]).toBe('/inherited');
    },
  );

  const wholes = [
    ['config', { model: 'own' }, { theme: 'dark' }],
    ['podSpec', { labels: { own: '1' } }, { annotations: { inherited: '1' } }],
    ['caBundle', { secretRef: { name: 'own' } }, { configMapRef: { name: 'inherited' } }],
    ['proxy', { httpProxy: 'http://own' }, { httpsProxy: 'http://inherited' }],
    ['quota', { maxTaskStarts: 1, windowSeconds: 60 }, { maxTaskStarts: 2, windowSeconds: 120 }],
    ['maxConcurrentTasks', 1, 2],
  ] as const;
  test.each(wholes)('%s: the Agent’s as a whole, else the template’s', (field, own, inherited) => {
    expect(merged({ [field]: own }, { [field]: inherited })[field]).toEqual(own);
    expect(merged({}, { [field]: inherited })[field]).toEqual(inherited);
  });

  const lists = [
    ['contexts', [{ type: 'Text', text: 'own' }], [{ type: 'Text', text: 'inherited' }]],
    ['skills', [{ name: 'own', git: { repository: 'https://x/y' } }], [{ name: 'inherited', git: { repository: 'https://x/z' } }]],
    ['plugins', [{ name: 'own' }], [{ name: 'inherited' }]],
    ['credentials', [{ secretRef: { name: 'own' } }], [{ secretRef: { name: 'inherited' } }]],
    ['imagePullSecrets', [{ name: 'own' }], [{ name: 'inherited' }]],
  ] as const;
  test.each(lists)('%s: the Agent’s list when it is there, an empty one too', (field, own, inherited) => {
    expect(merged({ [field]: own }, { [field]: inherited })[field]).toEqual(own);
    expect(merged({ [field]: [] }, { [field]: inherited })[field]).toEqual([]);
    expect(merged({}, { [field]: inherited })[field]).toEqual(inherited);
  });

  test('command: the Agent’s when it has words', () => {
    expect(merged({ command: ['own'] }, { command: ['inherited'] }).command).toEqual(['own']);
    expect(merged({ command: [] }, { command: ['inherited'] }).command).toEqual(['inherited']);
  });
});

describe('limits', () => {
  test('hold for Agents, and not for a template without one', () => {
    const limits = { maxConcurrentTasks: 3, quota: { maxTaskStarts: 5, windowSeconds: 60 } };
    expect(resolved({ agent: agent(limits), template: null })).toMatchObject(limits);
    expect(resolvedTemplate(limits)).not.toHaveProperty('maxConcurrentTasks');
    expect(resolvedTemplate(limits)).not.toHaveProperty('quota');
  });

  test('[upstream bug] a quota inherited from a template counts', () => {
    expect(merged({}, { quota: { maxTaskStarts: 5, windowSeconds: 60 } }).quota).toEqual({ maxTaskStarts: 5, windowSeconds: 60 });
  });
});

describe('the cluster’s configuration', () => {
  test('its proxy is used when neither Agent nor template has one', () => {
    const config = { proxy: { httpProxy: 'http://cluster' } };
    expect(resolvedTemplate({}, config).proxy).toEqual(config.proxy);
    expect(resolvedTemplate({ proxy: { noProxy: 'own' } }, config).proxy).toEqual({ noProxy: 'own' });
  });

  test.each([
    [undefined, undefined, 'Pod'],
    [undefined, 'Attach', 'Attach'],
    ['Pod', 'Attach', 'Pod'],
    ['Attach', undefined, 'Attach'],
  ] as const)('execution: Agent %s, cluster %s gives %s', (own, cluster, execution) => {
    const source = { agent: agent(own === undefined ? {} : { execution: own }), template: null };
    expect(resolved(source, cluster === undefined ? {} : { execution: cluster }).execution).toBe(execution);
  });

  test('a templateRef Task is never attached: there is no server', () => {
    expect(resolvedTemplate({}, { execution: 'Attach' })).toMatchObject({ execution: 'Pod' });
    expect(resolvedTemplate({}, { execution: 'Attach' })).not.toHaveProperty('serverUrl');
  });

  test('taskDefaults: the cluster’s, overridden field by field by the Agent’s', () => {
    const source = { agent: agent({ taskDefaults: { timeout: '1h' } }), template: null };
    expect(resolved(source, { taskDefaults: { timeout: '2h', stop: { mode: 'Retain' } } }).taskDefaults).toEqual({
      timeout: '1h',
      stop: { mode: 'Retain' },
    });
  });
});

describe('the server of an attached Agent', () => {
  test.each([
    ['status.url when it is known', {}, { url: 'http://elsewhere:1' }, {}, 'http://elsewhere:1'],
    ['its Service and the default port', {}, {}, {}, 'http://coder.team-a.svc.cluster.local:4096'],
    [
      'its own port and the cluster’s domain',
      { port: 8080 },
      {},
      { clusterDomain: 'corp.example' },
      'http://coder.team-a.svc.corp.example:8080',
    ],
  ] as const)('%s', (_, spec, status, config, url) => {
    expect(resolved({ agent: agent({ execution: 'Attach', ...spec }, status), template: null }, config).serverUrl).toBe(url);
  });

  test('is of no interest to an Agent that runs its Tasks in their Pods', () => {
    expect(resolved({ agent: agent({}, { url: 'http://elsewhere:1' }), template: null })).not.toHaveProperty('serverUrl');
  });
});

describe('refusals name the field', () => {
  const none = { serviceAccountName: '' };
  test.each([
    ['an Agent alone', { agent: agent(none), template: null }, 'agent "coder" is missing required field serviceAccountName'],
    [
      'an Agent without workspaceDir',
      { agent: agent({ workspaceDir: '' }), template: null },
      'agent "coder" is missing required field workspaceDir',
    ],
    [
      'an Agent and its template',
      { agent: agent(none), template: template(none) },
      'agent "coder" has empty serviceAccountName after template merge',
    ],
    [
      'workspaceDir of both',
      { agent: agent({ workspaceDir: '' }), template: template({ workspaceDir: '' }) },
      'agent "coder" has empty workspaceDir after template merge',
    ],
    ['a template', { template: template(none) }, 'agent template "go" has empty serviceAccountName'],
    ['a template’s workspaceDir', { template: template({ workspaceDir: '' }) }, 'agent template "go" has empty workspaceDir'],
    [
      'a relative workspaceDir',
      { template: template({ workspaceDir: 'work' }) },
      'workspaceDir "work" of "go" cannot be used: it must be an absolute path below /',
    ],
    ['workspaceDir /', { template: template({ workspaceDir: '/./' }) }, 'workspaceDir "/./" of "go" cannot be used'],
  ])('%s', (_, source, message) => {
    const result = resolveAgent(source, {});
    expect(result).toMatchObject({ type: 'Refused', reason: 'AgentError', message: expect.stringContaining(message) });
  });
});
