import { describe, expect, test } from 'vitest';
import { isOwnContext } from '#core/pod/context-config-map.ts';
import { contextConfigMapName, podName, sessionTitle, taskLabel, usualContextName } from '#core/pod/names.ts';
import { built, type Ingredients, refusal, TASK_UID, task } from './support.ts';

const owner = {
  apiVersion: 'kubeopencode.io/v1alpha1',
  kind: 'Task',
  name: 'fix-bug',
  uid: TASK_UID,
  controller: true,
  blockOwnerDeletion: true,
};

describe('metadata of the Pod', () => {
  test('name, namespace, labels, annotation, finalizer, owner', () => {
    expect(built({}).pod.metadata).toEqual({
      name: 'fix-bug-pod',
      namespace: 'team-a',
      labels: { app: 'kubeopencode', 'kubeopencode.io/task': 'fix-bug', 'kubeopencode.io/task-uid': TASK_UID },
      annotations: { 'kubeopencode.io/attempt': '1' },
      finalizers: ['kubeopencode.io/pod-end'],
      ownerReferences: [owner],
    });
  });

  test('no finalizer when evidence is BestEffort', () => {
    expect(built({ evidence: 'BestEffort' }).pod.metadata).not.toHaveProperty('finalizers');
  });

  test('podSpec.labels win over ours, except the UID by which the Pod is watched', () => {
    const labels = { app: 'mine', 'kubeopencode.io/task': 'mine', team: 'x', 'kubeopencode.io/task-uid': 'stolen' };
    expect(built({ template: { podSpec: { labels } } }).pod.metadata.labels).toEqual({ ...labels, 'kubeopencode.io/task-uid': TASK_UID });
  });

  test('podSpec.annotations, except the attempt', () => {
    const annotations = { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false', 'kubeopencode.io/attempt': '9' };
    expect(built({ template: { podSpec: { annotations } }, attempt: 2 }).pod.metadata.annotations).toEqual({
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      'kubeopencode.io/attempt': '2',
    });
  });

  test('nobody can say beforehand that the controller ended the Pod', () => {
    const podSpec = { annotations: { 'kubeopencode.io/ended-for': 'Stopped' } };
    expect(refusal({ template: { podSpec } })).toMatchObject({
      reason: 'AgentError',
      message: expect.stringContaining('must not set kubeopencode.io/ended-for'),
    });
  });
});

describe('spec of the Pod', () => {
  test('what is always set, and nothing else', () => {
    const { spec } = built({}).pod;
    expect(Object.keys(spec)).toEqual(['serviceAccountName', 'restartPolicy', 'initContainers', 'containers', 'volumes']);
    expect(spec).toMatchObject({ serviceAccountName: 'runner', restartPolicy: 'Never' });
  });

  test('podSpec and imagePullSecrets', () => {
    const { spec } = built({
      template: {
        imagePullSecrets: [{ name: 'registry' }],
        podSpec: {
          scheduling: { nodeSelector: { disk: 'ssd' }, tolerations: [{ key: 'gpu', operator: 'Exists' }], affinity: { nodeAffinity: {} } },
          runtimeClassName: 'gvisor',
          priorityClassName: 'batch',
          terminationGracePeriodSeconds: 0,
          podSecurityContext: { fsGroup: 1000 },
        },
      },
    }).pod;
    expect(spec).toMatchObject({
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'gpu', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      runtimeClassName: 'gvisor',
      priorityClassName: 'batch',
      terminationGracePeriodSeconds: 0,
      securityContext: { fsGroup: 1000 },
    });
  });

  test('extraPorts and persistence of an Agent have no effect', () => {
    const ports = { extraPorts: [{ name: 'web', port: 80 }], persistence: { sessions: { size: '1Gi' } } };
    expect(built({ agent: ports }).pod).toEqual(built({ agent: {} }).pod);
  });

  test.each<[string, Ingredients, string]>([
    [
      'a volume with a name of ours',
      { template: { podSpec: { extraVolumes: [{ name: 'workspace', emptyDir: {} }] } } },
      'volume name conflict: "workspace" is used twice',
    ],
    [
      'a mount at the workspace',
      {
        template: {
          podSpec: { extraVolumes: [{ name: 'mine', emptyDir: {} }], extraVolumeMounts: [{ name: 'mine', mountPath: '/workspace/' }] },
        },
      },
      'mount path conflict: "/workspace" is used by both volume "workspace" and volume "mine" in container agent',
    ],
    [
      'a credential where a context lies',
      {
        template: {
          credentials: [{ name: 'c', secretRef: { name: 's' }, mountPath: '/etc/x' }],
          contexts: [{ type: 'Text', text: 'x', mountPath: '/etc/x/a' }],
        },
      },
      'mount path conflict: "/etc/x" is used by both volume "credential-0" and volume "ctx-etc-x"',
    ],
    [
      'a mount of an init container',
      { template: { podSpec: { systemContainers: { openCodeInit: { extraVolumeMounts: [{ name: 'tools', mountPath: '/tools' }] } } } } },
      'in container opencode-init',
    ],
    [
      'a mount at /',
      { template: { credentials: [{ name: 'c', secretRef: { name: 's' }, mountPath: '/' }] } },
      'volume "credential-0" of container agent cannot be mounted at /',
    ],
  ])('%s is refused in words', (_, given, message) => {
    expect(refusal(given)).toMatchObject({ reason: 'AgentError', message: expect.stringContaining(message) });
  });
});

describe('the ConfigMap with the files', () => {
  test('bears the Task’s labels, UID and owner reference', () => {
    expect(built({ task: { description: 'do it' } }).configMap).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'fix-bug-context',
        namespace: 'team-a',
        labels: { app: 'kubeopencode', 'kubeopencode.io/task': 'fix-bug', 'kubeopencode.io/task-uid': TASK_UID },
        ownerReferences: [owner],
      },
      data: { 'workspace-task.md': 'do it' },
    });
  });

  test('may have another name, and the Pod refers to that', () => {
    const { configMap, volume } = built({ task: { description: 'do it' }, contextName: 'other' });
    expect(configMap?.metadata.name).toBe('other');
    expect(volume('context-files')).toEqual({ name: 'context-files', configMap: { name: 'other' } });
  });

  test('is told from one of an earlier Task of the same name', () => {
    const { configMap } = built({ task: { description: 'do it' } });
    if (configMap === null) throw new Error('no ConfigMap');
    expect(isOwnContext(configMap, TASK_UID, configMap)).toBe('Ours');
    expect(isOwnContext({ ...configMap, data: { 'workspace-task.md': 'else' } }, TASK_UID, configMap)).toBe('OursButOtherContent');
    expect(isOwnContext({ ...configMap, data: { ...configMap.data, more: '' } }, TASK_UID, configMap)).toBe('OursButOtherContent');
    expect(isOwnContext({ ...configMap, binaryData: { x: '' } }, TASK_UID, configMap)).toBe('OursButOtherContent');
    expect(isOwnContext(configMap, 'the later task', configMap)).toBe('Foreign');
    const { ownerReferences: _, ...unowned } = configMap.metadata;
    expect(isOwnContext({ ...configMap, metadata: unowned }, TASK_UID, configMap)).toBe('Foreign');
  });
});

describe('names', () => {
  const long = `${'long-name.'.repeat(24)}x`;

  test('of attempts', () => {
    expect([1, 2, 11].map((attempt) => podName('fix-bug', attempt))).toEqual(['fix-bug-pod', 'fix-bug-pod-2', 'fix-bug-pod-11']);
    expect([1, 2].map((attempt) => usualContextName('fix-bug', attempt))).toEqual(['fix-bug-context', 'fix-bug-context-2']);
    expect(contextConfigMapName('fix-bug', 'uid-1', 2)).toMatch(/^fix-bug-context-2-[0-9a-f]{8}$/);
    expect(contextConfigMapName('fix-bug', 'uid-1', 1)).not.toBe(contextConfigMapName('fix-bug', 'uid-2', 1));
  });

  test('[upstream bug] over 63 characters work: Pod and label are cut and hashed, the ConfigMap and TASK_NAME are whole', () => {
    const { pod, configMap, main } = built({ taskName: long, task: { description: 'x' } });
    expect(pod.metadata.name).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])-[0-9a-f]{8}-pod$/);
    expect(pod.metadata.name.length).toBeLessThanOrEqual(63);
    expect(pod.metadata.labels?.['kubeopencode.io/task']).toBe(taskLabel(long));
    expect(taskLabel(long).length).toBeLessThanOrEqual(63);
    expect(configMap?.metadata.name).toBe(`${long}-context`);
    expect(usualContextName('x'.repeat(253), 1)).toHaveLength(253);
    expect(main.env).toContainEqual({ name: 'TASK_NAME', value: long });
    expect(pod.metadata.ownerReferences?.[0]?.name).toBe(long);
  });

  test('the session’s title ends in the first 8 characters of the UID', () => {
    expect(sessionTitle(task())).toBe('kubeopencode/team-a/fix-bug/0b1c2d3e');
  });
});
