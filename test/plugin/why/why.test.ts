import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Agent } from '#core/api/agent.ts';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task, TaskStatus } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Cluster } from '#host/cluster/cluster.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { Why } from '#plugin/contract/why.ts';
import { plain } from '#plugin/io.ts';
import { explain } from '#plugin/why/explain.ts';
import { whyText } from '#plugin/why/text/text.ts';
import { agent, agentTask, condition, NAMESPACE, running, task, template } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { run } from '../io.ts';

const QUEUED: TaskStatus = {
  phase: 'Queued',
  conditions: [condition('Queued', 'True', 'AgentAtCapacity', '2026-01-01T00:00:00Z', 'Waiting for agent "coder" capacity (max: 1)')],
};
const FORBIDDEN = { ok: false, error: { type: 'Refused', code: 403, reason: 'Forbidden', message: 'no' } } as const;

/** A cluster without a controller: what is put there stays as it is. */
function worldOf(...objects: readonly (KubernetesObject & { readonly kind?: string })[]): World {
  const world = createWorld();
  for (const object of objects) {
    const kind = object.kind as Kind;
    world.apply(newObject(kind, object));
    const { status } = object as { readonly status?: unknown };
    const address = { kind, namespace: NAMESPACE, name: object.metadata.name };
    if (status !== undefined) world.server.patch(address, { status }, { patchType: 'merge', subresource: 'status' });
  }
  return world;
}

async function why(world: World, name: string, options: { engine?: Engine; cluster?: Pick<Cluster, 'get' | 'list'> } = {}): Promise<Why> {
  const found = world.server.find({ kind: 'Task', namespace: NAMESPACE, name }) as Task | undefined;
  if (found === undefined) throw new Error(`expected Task ${name}`);
  const cluster = options.cluster ?? world.client('why');
  return explain({ engine: options.engine ?? sourceEngine, cluster, task: found, nowMs: world.clock.now() + 60_000 });
}

/** A client that may not read some kinds. */
function without(world: World, verb: 'get' | 'list', ...kinds: readonly Kind[]): Pick<Cluster, 'get' | 'list'> {
  const client = world.client('why');
  return {
    get: (address) => (verb === 'get' && kinds.includes(address.kind) ? Promise.resolve(FORBIDDEN) : client.get(address)),
    list: (options) => (verb === 'list' && kinds.includes(options.kind) ? Promise.resolve(FORBIDDEN) : client.list(options)),
  };
}

const limited = (): Agent => agent({ maxConcurrentTasks: 1 });

describe('the queue', () => {
  test('a place that is free and that nobody gives is told', async () => {
    const told = await why(worldOf(limited(), agentTask({ name: 'only', status: QUEUED })), 'only');
    expect(told.queue).toMatchObject({ position: 1, waiting: 1, slots: 1, holding: [], ahead: [], isFree: true });
    expect(told).toMatchObject({ course: 'Waits', changes: [], answer: 'a place is free for it: the controller gives it when it looks' });
    expect(whyText(told, { paint: plain })).toContain(
      'a place is free for it: the controller gives it when it looks; if that takes long, see whether it runs',
    );
  });

  test('only Tasks of the same Agent that have not ended count, as the core places them', async () => {
    const elsewhere = agentTask({ name: 'elsewhere', status: QUEUED });
    const objects = [
      limited(),
      { ...agent(), metadata: { ...agent().metadata, name: 'other' } },
      agentTask({ name: 'done', status: { phase: 'Completed' } }),
      agentTask({ name: 'runs', status: running({ podName: 'runs-pod', agentRef: { name: 'coder' } }) }),
      agentTask({ name: 'held', spec: { suspend: true }, status: QUEUED }),
      agentTask({ name: 'a', status: QUEUED }),
      { ...elsewhere, spec: { ...elsewhere.spec, agentRef: { name: 'other' } } },
      agentTask({ name: 'b', status: QUEUED }),
      agentTask({ name: 'urgent', spec: { priority: 1 } }),
    ];
    const world = worldOf(...objects);
    world.server.create(newObject('Pod', podOf(world, 'runs')));
    expect((await why(world, 'b')).queue).toMatchObject({
      agent: 'coder',
      position: 3,
      waiting: 3,
      slots: 1,
      holding: ['runs'],
      ahead: ['urgent', 'a'],
      holders: [{ name: 'runs', phase: 'Running', pod: 'runs-pod', since: { ago: '1m' } }],
      before: [
        { name: 'urgent', priority: 1, by: 'Priority' },
        { name: 'a', priority: 0, by: 'Age' },
      ],
    });
  });

  test('a CRD without selectable fields costs a longer list, no answer', async () => {
    const world = worldOf(limited(), agentTask({ name: 'a', status: QUEUED }), agentTask({ name: 'b', status: QUEUED }));
    const client = world.client('why');
    const refused = {
      ok: false,
      error: { type: 'Refused', code: 400, reason: 'BadRequest', message: 'field label not supported' },
    } as const;
    const cluster: Pick<Cluster, 'get' | 'list'> = {
      get: (address) => client.get(address),
      list: (options) => (options.fieldSelector === undefined ? client.list(options) : Promise.resolve(refused)),
    };
    expect(await why(world, 'b', { cluster })).toMatchObject({ queue: { ahead: ['a'] }, lacks: [] });
  });
});

function podOf(world: World, name: string): KubernetesObject {
  const uid = world.server.find({ kind: 'Task', namespace: NAMESPACE, name })?.metadata.uid ?? '';
  const ownerReferences = [{ apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name, uid, controller: true }];
  const metadata = { name: `${name}-pod`, namespace: NAMESPACE, labels: { 'kubeopencode.io/task-uid': uid }, ownerReferences };
  return { metadata, spec: { containers: [{ name: 'agent', image: 'a' }] } } as KubernetesObject;
}

describe('what may not be read', () => {
  test.each<[name: string, cluster: (world: World) => Pick<Cluster, 'get' | 'list'>, what: string, message: string]>([
    ['the Agent', (world) => without(world, 'get', 'Agent'), 'Agent coder', 'a role must allow verb get on agents.kubeopencode.io'],
    ['other Tasks', (world) => without(world, 'list', 'Task'), 'the queue', 'a role must allow verb list on tasks.kubeopencode.io'],
    ['Pods', (world) => without(world, 'list', 'Pod'), 'Pods', 'a role must allow verb list on pods'],
    [
      'the configuration',
      (world) => without(world, 'get', 'KubeOpenCodeConfig'),
      'KubeOpenCodeConfig',
      'a role must allow verb get on kubeopencodeconfigs',
    ],
  ])('%s: said, and the rest explained', async (_name, cluster, what, message) => {
    const world = worldOf(limited(), agentTask({ name: 'a', status: QUEUED }));
    const told = await why(world, 'a', { cluster: cluster(world) });
    expect(told.lacks).toEqual([{ what, message: expect.stringContaining(message) }]);
    expect(whyText(told, { paint: plain })).toContain(`not read, so the above may be wrong\n  ! ${what}: `);
    expect(told.course).toBe('Waits');
  });

  test('where the core can’t see what it asks for, it is the controller that has the word', async () => {
    const world = worldOf(limited(), agentTask({ name: 'a', status: { ...QUEUED, message: 'Waiting for agent "coder"' } }));
    const told = await why(world, 'a', { cluster: without(world, 'get', 'Agent') });
    expect(told).toMatchObject({ isBlind: true, phase: 'Queued', actions: [], changes: [] });
    expect(told).not.toHaveProperty('until');
    const text = whyText(told, { paint: plain });
    expect(text).toContain(
      'Task team-a/a is Queued: what this stands on could not be read (below); the controller says: Waiting for agent "coder"\n',
    );
    expect(text).not.toMatch(/has to do|would let it go on|no time is set/);
  });

  test('without the list of Tasks the position is not known', async () => {
    const world = worldOf(limited(), agentTask({ name: 'a', status: QUEUED }));
    const told = await why(world, 'a', { cluster: without(world, 'list', 'Task') });
    expect(told.queue).toEqual({ agent: 'coder', slots: 1 });
    expect(told.changes).toMatchObject([{ kind: 'Place', goesOn: true, leadsTo: 'creates pod a-pod' }]);
    expect(whyText(told, { paint: plain })).toContain('queue       place not known at agent coder\n');
  });

  test('without the list of Pods one that runs is found by its name', async () => {
    const world = worldOf(template(), task({ name: 'a', status: running({ podName: 'a-pod' }) }));
    world.server.create(newObject('Pod', podOf(world, 'a')));
    expect(await why(world, 'a', { cluster: without(world, 'list', 'Pod') })).toMatchObject({
      course: 'Runs',
      says: 'pod a-pod is Pending',
    });
  });
});

describe('the core', () => {
  test('that fails is told as such', async () => {
    const engine: Engine = {
      digest: 'sha256:x',
      decide: () => ({ type: 'EngineError', cause: 'OutOfFuel', message: 'out of fuel', log: '' }),
    };
    const told = await why(worldOf(template(), task({ name: 'a' })), 'a', { engine });
    expect(told).toMatchObject({ course: 'Fails', says: 'the core failed: out of fuel', reasons: [], changes: [] });
    expect(whyText(told, { paint: plain })).toContain('Task team-a/a is Pending: the core failed: out of fuel\n');
  });

  test('has something to do that nobody does: what, and a hint', async () => {
    const told = await why(worldOf(template(), task({ name: 'a' })), 'a');
    expect(told).toMatchObject({ course: 'Starts', changes: [], phase: 'Pending' });
    expect(told.actions.map(({ verb, kind, name }) => [verb, kind, name])).toEqual([
      ['create', 'ConfigMap', 'a-context'],
      ['create', 'Pod', 'a-pod'],
    ]);
    expect(whyText(told, { paint: plain })).toContain('if this does not happen, see whether the controller runs, and its log');
  });

  test('says of a refusal that a condition tells only what is known: not how often, not when', async () => {
    const message = 'pod a-pod cannot be created now: exceeded quota';
    const refused = condition('Ready', 'False', 'PodCreationError', '2026-01-01T00:00:00Z', message);
    const told = await why(worldOf(template(), task({ name: 'a', status: { phase: 'Pending', conditions: [refused] } })), 'a');
    expect(told).toMatchObject({
      says: message,
      refusal: { message: 'exceeded quota', condition: 'Ready=False/PodCreationError' },
      reasons: [{ rule: 'task/create-refused', facts: {} }],
      until: { in: '1m', isLatest: true, course: 'Starts' },
      changes: [{ kind: 'Refusal', goesOn: true, leadsTo: 'creates pod a-pod' }],
    });
  });
});

describe('the command', () => {
  let server: FakeApiServer;
  beforeEach(async () => {
    server = await startFakeApiServer();
    server.store.put('AgentTemplate', template());
    server.store.put('Task', task({ spec: { timeout: '1 hour' } }));
  });
  afterEach(() => server.close());
  const ask = (...args: string[]) => run(['why', '--kubeconfig', server.kubeconfig, ...args]);

  test('explains, reads only, and never a Secret', async () => {
    const { code, out, err } = await ask('fix-bug');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^Task team-a\/fix-bug is Pending: spec.timeout: "1 hour" is not a duration/);
    expect(out).toContain(`  > spec.timeout is corrected or left out\n    $ kubectl --kubeconfig ${server.kubeconfig} -n team-a patch `);
    expect(new Set(server.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(server.requests.some(({ path }) => path.includes('secrets'))).toBe(false);
  });

  test('JSON and YAML are one contract; kubectl’s form of the name does, too', async () => {
    const [json, yaml] = [await ask('task/fix-bug', '-o', 'json'), await ask('fix-bug', '-oyaml', '-n', 'team-a')];
    const [first, second] = [JSON.parse(json.out) as Why, parse(yaml.out) as Why];
    expect(first).toMatchObject({
      formatVersion: 1,
      name: 'fix-bug',
      course: 'Waits',
      core: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    // A second may have passed between the two.
    const lasting = ({ at: _, since: __, actions, ...rest }: Why) => ({ ...rest, actions: actions.map(({ kind }) => kind) });
    expect(lasting(second)).toEqual(lasting(first));
  });

  test.each<[name: string, args: string[], err: RegExp]>([
    ['no such Task', ['fix-bgu'], /^error: tasks.kubeopencode.io "fix-bgu" not found in namespace team-a; did you mean fix-bug\n$/],
    ['no name', [], /missing required argument 'task'/],
    ['a wrong form', ['fix-bug', '-o', 'wide'], /Allowed choices are text, json, yaml/],
  ])('%s is an error', async (_name, args, err) => {
    expect(await ask(...args)).toMatchObject({ code: 1, out: '', err: expect.stringMatching(err) });
  });
});
