import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { callsOf, countCalls } from '../cluster/audit.ts';
import { type BenchCluster, type Contestant, startBenchCluster, untilSo } from '../cluster/bench-cluster.ts';
import { createAll } from '../cluster/create.ts';
import { forgetHistory, seedTasks } from '../cluster/etcd.ts';
import { sumOf } from '../cluster/metrics-text.ts';
import { nameOf, podsOf, task, tasksOf, template } from '../cluster/objects.ts';
import { type Usage, usageOf } from '../cluster/process-usage.ts';
import { shown } from '../numbers.ts';
import type { BenchContext } from '../parts.ts';
import { copyOf, type Life } from './lives.ts';

const RUNNING = 20;
const PAGE = 500;
/** A scrape of the metrics costs the host milliseconds, so it is not asked all the time. */
const PATIENT = { timeoutMs: 300_000, pollMs: 250 };
const REST_MS = 10_000;
/** Of the design, for 10,000 Tasks. */
const MOST_SECONDS_FOR_TEN_THOUSAND = 10;
/** Index of the Task that is created while the host does not look. */
const MEANWHILE = 90_000;

/** A real API server with so many finished Tasks, and a few that run. */
export async function measureOnApiServer(
  count: number,
  life: Life,
  namespace: string,
  { report, add }: Pick<BenchContext, 'report' | 'add'>,
): Promise<void> {
  report(`a real API server with ${shown(count)} Tasks`);
  const cluster = await startBenchCluster(report);
  try {
    const { api } = cluster.controlPlane;
    await cluster.createNamespace(namespace);
    await api.expect('POST', tasksOf(namespace).replace(/tasks$/, 'agenttemplates'), template('never'));
    await seedTasks(cluster.controlPlane, namespace, count - RUNNING, (index) => copyOf(life, index).task);
    const bare = await listAlone(cluster, namespace);
    const goalSeconds = Math.max(1, count / 10_000) * MOST_SECONDS_FOR_TEN_THOUSAND;
    const says = `${shown(count)} Tasks`;

    const start = await coldStart(cluster, namespace, count - RUNNING);
    add(
      {
        what: `${says}: cold start until all are decided`,
        unit: 's',
        ours: start.seconds,
        rival: { name: 'list and JSON.parse alone', value: bare.seconds },
        goal: { atMost: goalSeconds },
      },
      { what: `${says}: cold start, CPU`, unit: 's', ours: start.usage?.cpuSeconds ?? null },
      {
        what: `${says}: cold start, peak memory`,
        unit: 'MiB',
        ours: start.usage?.peakMiB ?? null,
        rival: { name: 'JSON of the list', value: bare.bytes / 2 ** 20 },
      },
      {
        what: `${says}: cold start, pages of Tasks read`,
        unit: '',
        ours: start.pages,
        rival: { name: `pages of ${PAGE} and one more`, value: Math.ceil((count - RUNNING) / PAGE) + 1 },
        goal: { atMostTimesRival: 1 },
      },
      { what: `${says}: cold start, writes`, unit: '', ours: start.writes, goal: { atMost: 0 } },
    );
    const { host } = start;
    await createAll(api, tasksOf(namespace), RUNNING, (index) => task(index, 'templateRef'));
    await untilPods(cluster, namespace, RUNNING);
    await addRest(host, says, add);
    const again = await decidedAgain(cluster, host, count);
    add({
      what: `${says}: all decided again after a change of the configuration`,
      unit: 's',
      ours: again.seconds,
      goal: { atMost: goalSeconds },
    });
    add({ what: `${says}: all decided again, CPU`, unit: 's', ours: again.cpuSeconds });
    const relist = await relistAfterExpiry(cluster, host, namespace);
    add({
      what: `${says}: from a 410 until what was missed is done`,
      unit: 's',
      ours: relist.seconds,
      note: `${shown(relist.expired)} watches had expired`,
    });
    await host.stop();
  } finally {
    await cluster.stop();
  }
}

/** What the same list costs one who only reads it. */
async function listAlone({ controlPlane }: BenchCluster, namespace: string): Promise<{ readonly seconds: number; readonly bytes: number }> {
  const startedMs = performance.now();
  let bytes = 0;
  for (let token = ''; ; ) {
    const { code, text } = await controlPlane.api.call(
      'GET',
      `${tasksOf(namespace)}?limit=${PAGE}${token === '' ? '' : `&continue=${token}`}`,
    );
    if (code !== 200) throw new Error(`list Tasks: expected HTTP 200, came ${code}: ${text.slice(0, 200)}`);
    bytes += text.length;
    const { metadata } = JSON.parse(text) as { readonly metadata: { readonly continue?: string } };
    token = metadata.continue ?? '';
    if (token === '') return { seconds: (performance.now() - startedMs) / 1_000, bytes };
  }
}

interface Started {
  readonly host: Contestant;
  readonly seconds: number;
  readonly usage: Usage | null;
  readonly pages: number;
  readonly writes: number;
}

async function coldStart(cluster: BenchCluster, namespace: string, count: number): Promise<Started> {
  const { auditLog } = cluster.controlPlane;
  const fromByte = statSync(auditLog).size;
  const startedMs = performance.now();
  const host = await cluster.startHost(namespace);
  await untilSo(`${count} Tasks to be decided`, async () => (await reconciled(host)) >= count, PATIENT);
  const seconds = (performance.now() - startedMs) / 1_000;
  const usage = usageOf(host.pid);
  const { calls, writes } = callsOf(await countCalls(auditLog, fromByte, statSync(auditLog).size), host.userAgent);
  return { host, seconds, usage, pages: calls.get('list tasks') ?? 0, writes };
}

async function addRest(host: Contestant, says: string, add: BenchContext['add']): Promise<void> {
  const before = usageOf(host.pid);
  await sleep(REST_MS);
  const after = usageOf(host.pid);
  add(
    { what: `${says}: at rest, memory`, unit: 'MiB', ours: after?.rssMiB ?? null },
    {
      what: `${says}: at rest, CPU`,
      unit: '%',
      ours: before === null || after === null ? null : (100_000 * (after.cpuSeconds - before.cpuSeconds)) / REST_MS,
    },
  );
}

async function decidedAgain({ controlPlane }: BenchCluster, host: Contestant, count: number) {
  const [before, usage, startedMs] = [await reconciled(host), usageOf(host.pid), performance.now()];
  const spec = { clusterDomain: 'example.org' };
  const config = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'KubeOpenCodeConfig', metadata: { name: 'cluster' }, spec };
  await controlPlane.api.expect('POST', '/apis/kubeopencode.io/v1alpha1/kubeopencodeconfigs', config);
  await untilSo(`${count} Tasks to be decided again`, async () => (await reconciled(host)) - before >= count, PATIENT);
  const after = usageOf(host.pid);
  const cpuSeconds = usage === null || after === null ? null : after.cpuSeconds - usage.cpuSeconds;
  return { seconds: (performance.now() - startedMs) / 1_000, cpuSeconds };
}

/** While the host stands still etcd forgets what was, the API server, which remembers some of it, is started anew, and a Task is created. */
async function relistAfterExpiry({ controlPlane }: BenchCluster, host: Contestant, namespace: string) {
  const { api } = controlPlane;
  const expired = async (): Promise<number> => sumOf(await host.metrics(), 'kubeopencode_reflector_restarts_total', { reason: 'Expired' });
  const before = await expired();
  process.kill(host.pid, 'SIGSTOP');
  let startedMs = 0;
  try {
    await forgetHistory(controlPlane);
    await controlPlane.restartApiServer();
    await api.expect('POST', tasksOf(namespace), task(MEANWHILE, 'templateRef'));
  } finally {
    startedMs = performance.now();
    process.kill(host.pid, 'SIGCONT');
  }
  const path = `${podsOf(namespace)}/${nameOf(MEANWHILE)}-pod`;
  await untilSo('the Pod of a Task that was created meanwhile', async () => (await api.call('GET', path)).code === 200, PATIENT);
  return { seconds: (performance.now() - startedMs) / 1_000, expired: (await expired()) - before };
}

async function untilPods({ controlPlane }: BenchCluster, namespace: string, count: number): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    const { text } = await controlPlane.api.call('GET', podsOf(namespace));
    const { items = [] } = JSON.parse(text) as { readonly items?: readonly { readonly status: { readonly phase?: string } }[] };
    return items.filter(({ status }) => status.phase === 'Running').length >= count;
  };
  await untilSo(`${count} Pods to run`, isSo, PATIENT);
}

async function reconciled(host: Contestant): Promise<number> {
  host.check();
  return sumOf(await host.metrics(), 'controller_runtime_reconcile_total');
}
