import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { RESOURCES } from '#core/contract/kinds.ts';
import { PERMISSIONS } from '#core/contract/permissions.ts';
import { apiClient } from '#scripts/cluster/api.ts';
import { type AuditLine, auditOf, grant, grantOf, missingRights } from './support/audit.ts';
import { hosts } from './support/host.ts';
import { clusterInfo, HOST_ACCOUNT } from './support/info.ts';
import { openKube } from './support/kube.ts';
import { agent, conditionOf, create, isFinished, isPodRunning, isRunning, podAt, task, taskAt, template } from './support/objects.ts';
import { openProxy } from './support/proxy.ts';
import { until, untilGone } from './support/watch.ts';

const info = clusterInfo();
const kube = await openKube();
const starter = hosts();
const proxy = await openProxy();
afterAll(() => proxy.close());

const USER = `system:serviceaccount:${HOST_ACCOUNT.namespace}:${HOST_ACCOUNT.name}`;
const granted = PERMISSIONS.map(({ verb, kind, subresource }) => grant(verb, RESOURCES[kind].group, RESOURCES[kind].plural, subresource));
const auditOfHost = (): readonly AuditLine[] => auditOf(info.auditLog, HOST_ACCOUNT);

/**
 * Granted, and never asked for by a request: an admission plugin asks for it, in the host's name, when a Pod or a ConfigMap with blockOwnerDeletion
 * is created. A test of its own shows that without it none can be.
 */
const ONLY_CHECKED = [grant('update', 'kubeopencode.io', 'tasks', 'finalizers')];

/** One life of everything that a host does. */
async function everything(namespace: string): Promise<void> {
  const { cluster } = kube;
  const at = (name: string) => taskAt(namespace, name);
  const by = (name: string) => ({ agentRef: { name } });
  const finished = (name: string): Promise<Task> => until<Task>(cluster, at(name), 'to be finished', isFinished);

  // Contexts from a ConfigMap; clean-up at once.
  await kube.kubectl(['-n', namespace, 'create', 'configmap', 'guides', '--from-literal=style.md=plain words']);
  const contexts = [{ name: 'style', type: 'ConfigMap' as const, configMap: { name: 'guides', key: 'style.md' } }];
  await create(cluster, template(namespace, 'plain', { 'run-for': '1s' }), template(namespace, 'endless', { outcome: 'never' }));
  await create(cluster, task(namespace, 'cleaned', { templateRef: { name: 'plain' }, contexts, cleanup: { ttlSecondsAfterFinished: 1 } }));
  await untilGone(cluster, at('cleaned'));

  // A quota, which is recorded in the Agent; a missing Agent and a missing template.
  await create(cluster, agent(namespace, 'metered', { quota: { maxTaskStarts: 5, windowSeconds: 60 } }, { 'run-for': '0s' }));
  await create(
    cluster,
    task(namespace, 'metered', by('metered')),
    task(namespace, 'no-agent', by('nobody')),
    task(namespace, 'no-template'),
  );
  for (const name of ['metered', 'no-agent', 'no-template']) await finished(name);

  // A stop, a Pod that vanishes, a Task that is deleted while it runs.
  for (const name of ['stopped', 'vanished', 'deleted']) await create(cluster, task(namespace, name, { templateRef: { name: 'endless' } }));
  for (const name of ['stopped', 'vanished', 'deleted']) await until<Task>(cluster, at(name), 'to run', isRunning);
  await kube.kubectl(['-n', namespace, 'annotate', 'task', 'stopped', 'kubeopencode.io/stop=true']);
  await kube.kubectl(['-n', namespace, 'patch', 'pod', 'vanished-pod', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  await kube.kubectl(['-n', namespace, 'delete', 'pod', 'vanished-pod', '--force', '--grace-period=0', '--wait=false']);
  await kube.kubectl(['-n', namespace, 'delete', 'task', 'deleted']);
  await Promise.all([finished('stopped'), finished('vanished'), untilGone(cluster, podAt(namespace, 'deleted-pod'))]);

  // Attach needs a ready server.
  await create(cluster, agent(namespace, 'served', { execution: 'Attach' }, { 'run-for': '1s' }));
  await kube.kubectl([
    '-n',
    namespace,
    'patch',
    'agent',
    'served',
    '--subresource=status',
    '--type=merge',
    '-p',
    '{"status":{"ready":true}}',
  ]);
  await create(cluster, task(namespace, 'attached', by('served')));
  await finished('attached');

  // The files of a Task that is changed between its ConfigMap and its Pod.
  proxy.judge((call) => {
    const isPod = call.method === 'POST' && call.path.endsWith('/pods');
    return isPod
      ? { type: 'Answer', code: 500, body: { kind: 'Status', status: 'Failure', code: 500, message: 'injected' } }
      : { type: 'Pass' };
  });
  await create(cluster, task(namespace, 'edited', { templateRef: { name: 'plain' } }));
  await until<Task>(cluster, at('edited'), 'to wait for its Pod', (seen) => conditionOf(seen, 'Ready').startsWith('False/'));
  await kube.kubectl(['-n', namespace, 'patch', 'task', 'edited', '--type=merge', '-p', '{"spec":{"description":"say good bye"}}']);
  proxy.judge(() => ({ type: 'Pass' }));
  await finished('edited');
}

describe('what the host may do at the API server', () => {
  beforeAll(async () => {
    const namespace = await kube.namespace();
    const election = ['--leader-elect', 'true', '--leader-elect-lease-name', 'rbac', '--reference-grace', '2s'];
    const host = await starter.start({ namespaces: [namespace], server: proxy.url, flags: election });
    await everything(namespace);
    await host.kill('SIGTERM');
  });

  it('is enough: nothing was ever forbidden', () => {
    expect(missingRights(auditOfHost())).toEqual([]);
  });

  it('is needed: each grant was used, but for those that are only checked', () => {
    const used = new Set(auditOfHost().map(grantOf));
    expect(granted.filter((each) => !used.has(each))).toEqual(ONLY_CHECKED);
  });

  it('is all that is used: nothing was asked for that the table does not have', () => {
    const used = new Set(auditOfHost().map(grantOf));
    expect([...used].filter((each) => !granted.includes(each))).toEqual([]);
  });

  it('includes update on tasks/finalizers, without which no Pod may block the deletion of its Task', async () => {
    const namespace = await kube.namespace();
    await kube.kubectl(['-n', namespace, 'create', 'serviceaccount', 'lesser']);
    await kube.kubectl(['-n', namespace, 'create', 'role', 'lesser', '--verb=create', '--resource=pods']);
    await kube.kubectl(['-n', namespace, 'create', 'rolebinding', 'lesser', '--role=lesser', `--serviceaccount=${namespace}:lesser`]);
    await create(kube.cluster, template(namespace, 'plain'), task(namespace, 'owner', { suspend: true }));
    const owner = await until<Task>(kube.cluster, taskAt(namespace, 'owner'), 'to exist', () => true);
    const { apiVersion, kind } = task(namespace, 'owner');
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'owned',
        ownerReferences: [{ apiVersion, kind, name: 'owner', uid: owner.metadata.uid, controller: true, blockOwnerDeletion: true }],
      },
      spec: { containers: [{ name: 'a', image: 'a:1' }] },
    };
    const lesser = apiClient({ ...info, token: await kube.kubectl(['-n', namespace, 'create', 'token', 'lesser']) });
    const create403 = await lesser.call('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
    expect(create403).toMatchObject({ code: 403, text: expect.stringContaining('cannot set blockOwnerDeletion') });
    await kube.kubectl(['-n', namespace, 'create', 'role', 'more', '--verb=update', '--resource=tasks.kubeopencode.io/finalizers']);
    await kube.kubectl(['-n', namespace, 'create', 'rolebinding', 'more', '--role=more', `--serviceaccount=${namespace}:lesser`]);
    let allowed = await lesser.call('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
    // The authorizer learns of a new binding a moment later.
    for (let tries = 0; allowed.code === 403 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      allowed = await lesser.call('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
    }
    expect(allowed.code).toBe(201);
    await lesser.close();
    await until<Pod>(kube.cluster, podAt(namespace, 'owned'), 'to run', isPodRunning);
  });

  it('is no Job and no Secret', async () => {
    const rules = await kube.kubectl(['auth', 'can-i', '--list', '--as', USER, '-n', 'default']);
    expect(rules).not.toMatch(/^(jobs|cronjobs)\S*batch/m);
    expect(rules).not.toMatch(/^secrets/m);
    expect(rules).toMatch(/^tasks\.kubeopencode\.io\/status/m);
  });
});
