import { describe, expect, test } from 'vitest';
import type { ContainerState, Pod, PodCondition } from '#core/api/kubernetes.ts';
import type { PendingTimeouts } from '#core/api/retry.ts';
import type { TaskStatus } from '#core/api/task.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { schedulerText } from '#core/task/scheduler-text.ts';
import { applied } from '#test/support/applied.ts';
import { CREATED, condition, exited, lookedAt, type PodOptions, pod, running, snapshot, task } from '#test/support/builders.ts';
import { decide, decided, decidedWithLog, statusPatch, summary } from '#test/support/decide.ts';

const at = (time: string): string => `2026-01-01T${time}.000Z`;

/** A Pod that no node takes, since 10:04:00. */
function unscheduled(message: string, more: Partial<PodCondition> = {}): Pod {
  const scheduled: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastTransitionTime: '2026-01-01T10:04:00Z',
    ...more,
  };
  return pod({ phase: 'Pending', spec: { nodeName: '' }, status: { containerStatuses: [], conditions: [scheduled] } });
}

/** A Pod on a node since 10:00:00, whose container `agent` waits; the init container before it ended at 10:01:00. */
function waiting(reason: string, message?: string, more: PodOptions = {}): Pod {
  const state: ContainerState = { waiting: { reason, ...(message === undefined ? {} : { message }) } };
  return pod({
    phase: 'Pending',
    spec: { containers: [{ name: 'agent', image: 'ghcr.io/acme/agent:v1' }] },
    ...more,
    status: {
      startTime: CREATED,
      conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: CREATED }],
      initContainerStatuses: [{ name: 'opencode-init', state: exited(0, { finishedAt: '2026-01-01T10:01:00Z' }) }],
      containerStatuses: [{ name: 'agent', state }],
      ...more.status,
    },
  });
}

function blocked(
  made: Pod,
  status: TaskStatus = running(),
  more: Partial<Snapshot> = {},
): { reason: unknown; message: unknown; cause: unknown } | null {
  const patch = statusPatch(decided(snapshot({ task: task({ status }), pods: [made], ...more })));
  const found = (patch?.conditions as TaskStatus['conditions'])?.find(({ type }) => type === 'PodBlocked');
  return found?.status === 'True' ? { reason: found.reason, message: patch?.message, cause: patch?.cause } : null;
}

describe('the scheduler’s text', () => {
  test.each([
    {
      text: "0/6 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/6 nodes are available: 2 No preemption victims found for incoming pod, 4 Preemption is not helpful for scheduling.",
      says: "0 of 6 nodes: 3 didn't match Pod's node affinity/selector, 2 Insufficient cpu, 1 had untolerated taint(s)",
    },
    {
      text: '0/2 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 1 node(s) had untolerated taint {spray: mortein}. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
      says: '0 of 2 nodes: 1 had untolerated taint {node-role.kubernetes.io/control-plane: }, 1 had untolerated taint {spray: mortein}',
    },
    {
      text: '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
      says: '0 of 1 nodes: 1 Insufficient cpu, 1 Insufficient memory',
    },
    {
      text: '0/12 nodes are available: 12 Insufficient nvidia.com/gpu. still not schedulable, preemption: not eligible due to preemptionPolicy=Never.',
      says: '0 of 12 nodes: 12 Insufficient nvidia.com/gpu',
    },
    {
      text: '0/3 nodes are available: persistentvolumeclaim "cache" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
      says: '0 of 3 nodes: persistentvolumeclaim "cache" not found',
    },
    { text: 'no nodes available to schedule pods', says: 'no nodes available to schedule pods' },
    {
      text: 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded',
      says: 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded',
    },
    { text: '0/4 nodes are available: .', says: '0/4 nodes are available: .' },
  ])('$text', ({ text, says }) => {
    expect(schedulerText(text)).toBe(says);
  });
});

describe('why a Pod is kept from running stands in a condition at once', () => {
  const REGISTRY = 'rpc error: code = NotFound desc = failed to pull and unpack image "ghcr.io/acme/agent:v1": not found';
  test.each([
    {
      name: 'no node takes it',
      pod: unscheduled('0/2 nodes are available: 2 Insufficient cpu.'),
      reason: 'Unschedulable',
      cause: 'Unschedulable',
      message: 'no node takes pod fix-bug-pod: 0 of 2 nodes: 2 Insufficient cpu',
    },
    {
      name: 'a gate holds it',
      pod: unscheduled('Scheduling is blocked due to non-empty scheduling gates', { reason: 'SchedulingGated' }),
      reason: 'SchedulingGated',
      cause: 'Unschedulable',
      message: 'pod fix-bug-pod is held by a scheduling gate: Scheduling is blocked due to non-empty scheduling gates',
    },
    {
      name: 'ErrImagePull',
      pod: waiting('ErrImagePull', REGISTRY),
      reason: 'ImagePull',
      cause: 'Image',
      message: `container agent: image ghcr.io/acme/agent:v1 can't be pulled: ${REGISTRY}`,
    },
    {
      name: 'ImagePullBackOff since 1.32, with the registry’s words',
      pod: waiting('ImagePullBackOff', `Back-off pulling image "ghcr.io/acme/agent:v1": ErrImagePull: ${REGISTRY}`),
      reason: 'ImagePull',
      cause: 'Image',
      message: `container agent: image ghcr.io/acme/agent:v1 can't be pulled: ${REGISTRY}`,
    },
    {
      name: 'ImagePullBackOff before, without',
      pod: waiting('ImagePullBackOff', 'Back-off pulling image "ghcr.io/acme/agent:v1"'),
      reason: 'ImagePull',
      cause: 'Image',
      message: "container agent: image ghcr.io/acme/agent:v1 can't be pulled: ImagePullBackOff",
    },
    {
      name: 'InvalidImageName',
      pod: waiting('InvalidImageName', 'Failed to apply default image tag "A:": couldn\'t parse image name'),
      reason: 'ImagePull',
      cause: 'Image',
      message:
        'container agent: image ghcr.io/acme/agent:v1 can\'t be pulled: Failed to apply default image tag "A:": couldn\'t parse image name',
    },
    {
      name: 'a missing Secret',
      pod: waiting('CreateContainerConfigError', 'secret "api-key" not found'),
      reason: 'Configuration',
      cause: 'Configuration',
      message: 'container agent: can\'t be started: secret "api-key" not found',
    },
    {
      name: 'a runtime that refuses',
      pod: waiting('CreateContainerError', 'context deadline exceeded'),
      reason: 'Configuration',
      cause: 'Configuration',
      message: "container agent: can't be started: context deadline exceeded",
    },
    {
      name: 'an init container’s image',
      pod: waiting('PodInitializing', undefined, {
        spec: { containers: [{ name: 'agent' }], initContainers: [{ name: 'git-init-0', image: 'git:none' }] },
        status: { initContainerStatuses: [{ name: 'git-init-0', state: { waiting: { reason: 'ErrImagePull', message: 'denied' } } }] },
      }),
      reason: 'ImagePull',
      cause: 'Image',
      message: "container git-init-0: image git:none can't be pulled: denied",
    },
    {
      name: 'an injected sidecar before the agent',
      pod: waiting('ContainerCreating', undefined, {
        spec: { containers: [{ name: 'agent' }, { name: 'istio-proxy', image: 'istio/proxyv2:1' }] },
        status: {
          containerStatuses: [
            { name: 'agent', state: { waiting: { reason: 'ContainerCreating' } } },
            { name: 'istio-proxy', state: { waiting: { reason: 'ErrImagePull', message: 'toomanyrequests' } } },
          ],
        },
      }),
      reason: 'ImagePull',
      cause: 'Image',
      message: "container istio-proxy: image istio/proxyv2:1 can't be pulled: toomanyrequests",
    },
    {
      name: 'a native sidecar that crashes again and again',
      pod: waiting('PodInitializing', undefined, {
        status: {
          initContainerStatuses: [
            {
              name: 'proxy',
              state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container=proxy' } },
            },
          ],
        },
      }),
      reason: 'Configuration',
      cause: 'Configuration',
      message: "container proxy: can't be started: back-off 40s restarting failed container=proxy",
    },
  ])('$name', ({ pod: made, reason, cause, message }) => {
    expect(blocked(made)).toEqual({ reason, cause, message });
    const lines = summary(decided(snapshot({ task: task({ status: running() }), pods: [made] })).actions);
    expect(lines).toEqual(['Patch Task/status fix-bug', 'Event PodBlocked']);
  });

  test.each([
    { name: 'is being created', pod: waiting('ContainerCreating') },
    {
      name: 'has not been looked at by the scheduler',
      pod: pod({ phase: 'Pending', spec: { nodeName: '' }, status: { containerStatuses: [], conditions: [] } }),
    },
    { name: 'runs', pod: pod() },
    {
      name: 'runs its agent beside an injected sidecar whose image can not be pulled',
      pod: waiting('', undefined, {
        status: {
          containerStatuses: [
            { name: 'agent', state: { running: { startedAt: CREATED } } },
            { name: 'istio-proxy', state: { waiting: { reason: 'ImagePullBackOff' } } },
          ],
        },
      }),
    },
  ])('a Pod that $name is not blocked', ({ pod: made }) => {
    expect(blocked(made)).toBeNull();
  });
});

describe('another wording of the same trouble', () => {
  const said = "container agent: image ghcr.io/acme/agent:v1 can't be pulled: dial tcp: i/o timeout";
  const status = (since: string): TaskStatus =>
    running({
      cause: 'Image',
      message: said,
      templateRef: { name: 'coder' },
      times: { podCreated: CREATED },
      conditions: [condition('PodBlocked', 'True', 'ImagePull', since, said)],
    });
  test.each([
    { name: 'is not written within a minute', since: '2026-01-01T10:04:30Z', made: waiting('ErrImagePull', 'denied'), writes: 0 },
    { name: 'is written after a minute', since: '2026-01-01T10:04:00Z', made: waiting('ErrImagePull', 'denied'), writes: 1 },
    {
      name: 'is not written when it says less',
      since: CREATED,
      made: waiting('ImagePullBackOff', 'Back-off pulling image "ghcr.io/acme/agent:v1"'),
      writes: 0,
    },
    {
      name: 'is written at once when it is another trouble',
      since: '2026-01-01T10:04:59Z',
      made: waiting('CreateContainerConfigError', 'secret "k" not found'),
      writes: 1,
    },
  ])('$name', ({ since, made, writes }) => {
    expect(decided(snapshot({ task: task({ status: status(since) }), pods: [made] })).actions).toHaveLength(writes);
  });
  test('comes at most once a minute however often the platform changes its words', () => {
    let before = snapshot({ task: task({ status: running() }) });
    let writes = 0;
    for (let second = 0; second < 600; second += 1) {
      const now = new Date(Date.parse(at('10:05:00')) + second * 1_000).toISOString();
      before = { ...before, now, pods: [waiting('ErrImagePull', `request ${second} was refused`)] };
      const decision = decided(before);
      writes += summary(decision.actions).filter((line) => line.startsWith('Patch')).length;
      before = applied(before, decision);
    }
    expect(writes).toBe(10);
  });
  test('and when it runs at last, nothing is left of it', () => {
    const patch = statusPatch(decided(snapshot({ task: task({ status: status(CREATED) }), pods: [pod()] })));
    expect(patch).toMatchObject({ cause: null, message: null });
    expect(patch?.conditions).toEqual([expect.objectContaining({ type: 'PodBlocked', status: 'False', reason: 'Unblocked' })]);
  });
});

describe('pendingTimeouts, each with its own clock', () => {
  const IMAGE = waiting('ErrImagePull', 'denied');
  const CONFIG = waiting('CreateContainerConfigError', 'secret "k" not found');
  const NODE = unscheduled('0/2 nodes are available: 2 Insufficient cpu.');
  const GATE = unscheduled('gated', { reason: 'SchedulingGated' });
  interface Row {
    readonly name: string;
    readonly pod: Pod;
    readonly timeouts: PendingTimeouts;
    /** Why the Pod is asked to end; null: it is not. */
    readonly ending: string | null;
    readonly wakeAt?: string;
  }
  test.each<Row>([
    { name: 'unschedulable, since the scheduler said so', pod: NODE, timeouts: { unschedulable: '1m' }, ending: 'Unschedulable' },
    { name: 'unschedulable, a second too early', pod: NODE, timeouts: { unschedulable: '61s' }, ending: null, wakeAt: at('10:05:01') },
    { name: 'imagePull, since its turn came', pod: IMAGE, timeouts: { imagePull: '4m' }, ending: 'ImagePull' },
    { name: 'imagePull, still within', pod: IMAGE, timeouts: { imagePull: '5m' }, ending: null, wakeAt: at('10:06:00') },
    { name: 'configuration', pod: CONFIG, timeouts: { configuration: '30s' }, ending: 'Configuration' },
    { name: 'the clock of another reason', pod: IMAGE, timeouts: { unschedulable: '1s', configuration: '1s' }, ending: null },
    { name: 'none given: for ever', pod: IMAGE, timeouts: {}, ending: null },
    { name: '0: at once', pod: IMAGE, timeouts: { imagePull: '0' }, ending: 'ImagePull' },
    { name: 'a gate, which is nobody’s trouble', pod: GATE, timeouts: { unschedulable: '1s' }, ending: null },
    { name: 'malformed, as an older CRD let it in: as if it were not given', pod: IMAGE, timeouts: { imagePull: 'soon' }, ending: null },
    { name: 'not text at all', pod: IMAGE, timeouts: { imagePull: 5 as never }, ending: null },
  ])('$name', ({ pod: made, timeouts, ending, wakeAt }) => {
    const decision = decided(snapshot({ task: task({ status: running(), spec: { pendingTimeouts: timeouts } }), ...lookedAt(made) }));
    const stopping = (statusPatch(decision)?.conditions as TaskStatus['conditions'])?.find(({ type }) => type === 'Stopping');
    expect(stopping?.status === 'True' ? stopping.reason : null).toBe(ending);
    expect(summary(decision.actions).includes('Delete Pod fix-bug-pod')).toBe(ending !== null);
    expect(decision.wakeAt).toBe(wakeAt);
  });

  test('the Agent’s word counts where the Task says nothing, also for a single clock', () => {
    const annotations = { 'kubeopencode.io/started-with': '{"pendingTimeouts":{"imagePull":"1m","unschedulable":"9h"}}' };
    const made = waiting('ErrImagePull', 'denied', { annotations });
    const lines = (timeouts: PendingTimeouts) =>
      summary(decided(snapshot({ task: task({ status: running(), spec: { pendingTimeouts: timeouts } }), ...lookedAt(made) })).actions);
    expect(lines({ unschedulable: '1s' })).toContain('Delete Pod fix-bug-pod');
    expect(lines({ imagePull: '9h' })).not.toContain('Delete Pod fix-bug-pod');
  });

  const meant = running({
    conditions: [condition('Stopping', 'True', 'ImagePull', '2026-01-01T10:04:58Z', 'it was kept from running for too long: denied')],
  });
  const spec = { pendingTimeouts: { imagePull: '1m' } };
  const GOING = { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30 };
  test('the end says what kept it, though the platform says it no longer', () => {
    const ended = pod({
      phase: 'Failed',
      agent: { waiting: { reason: 'ContainerCreating' } },
      metadata: { deletionTimestamp: '2026-01-01T10:04:59Z', deletionGracePeriodSeconds: 0 },
    });
    const decision = decidedWithLog(snapshot({ task: task({ status: meant, spec }), pods: [ended] }));
    expect(statusPatch(decision)).toMatchObject({
      phase: 'Failed',
      cause: 'Image',
      message: 'it was kept from running for too long: denied',
    });
  });
  test('after a crash between the intent and the deletion the Pod is deleted all the same', () => {
    expect(summary(decided(snapshot({ task: task({ status: meant, spec }), pods: [IMAGE] })).actions)).toContain('Delete Pod fix-bug-pod');
  });
  test.each([
    { name: 'its image came at the last moment', made: pod() },
    { name: 'it is pulled again without trouble', made: waiting('ContainerCreating') },
  ])('a Pod that was not asked to end yet runs on when $name', ({ made }) => {
    const decision = decided(snapshot({ task: task({ status: meant, spec }), ...lookedAt(made) }));
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug']);
    expect(statusPatch(decision)?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Stopping', status: 'False', reason: 'Unblocked' }),
    );
  });
  test.each([
    { name: 'is kept from running still', found: IMAGE, also: ['Delete Pod fix-bug-pod'] },
    { name: 'is being deleted by now', found: { ...IMAGE, metadata: { ...IMAGE.metadata, ...GOING } }, also: [] },
  ])('that is asked of the Pod itself: one that $name, though the watch does not show it, is ended', ({ found, also }) => {
    const seen = lookedAt(waiting('ContainerCreating'), found);
    expect(decide(snapshot({ task: task({ status: meant, spec }), pods: seen.pods }))).toEqual({
      type: 'Reads',
      refs: [{ kind: 'Pod', namespace: 'team-a', name: 'fix-bug-pod', live: true }],
    });
    const decision = decided(snapshot({ task: task({ status: meant, spec }), ...seen }));
    expect(summary(decision.actions)).toEqual(expect.arrayContaining(also));
    expect(statusPatch(decision)?.conditions ?? [condition('Stopping', 'True', 'ImagePull')]).toContainEqual(
      expect.objectContaining({ type: 'Stopping', status: 'True', reason: 'ImagePull' }),
    );
  });
  test('a host whose clock is behind that of the one before does not take back what that one meant', () => {
    const behind = snapshot({ now: at('10:01:30'), task: task({ status: meant, spec }), pods: [IMAGE] });
    expect(summary(decided(behind).actions)).toContain('Delete Pod fix-bug-pod');
    const patient = snapshot({
      now: at('10:01:30'),
      task: task({ status: meant, spec: { pendingTimeouts: { imagePull: '1h' } } }),
      ...lookedAt(IMAGE),
    });
    expect(summary(decided(patient).actions), 'unless a person has more patience').not.toContain('Delete Pod fix-bug-pod');
  });
  test('once it is being deleted it is too late', () => {
    const going = pod({ metadata: GOING });
    const after = applied(
      snapshot({ task: task({ status: meant, spec }) }),
      decided(snapshot({ task: task({ status: meant, spec }), pods: [going] })),
    );
    expect(after.task?.status?.conditions).toMatchObject([{ type: 'Stopping', status: 'True', reason: 'ImagePull' }]);
  });
  test('a stop while it is blocked is a stop', () => {
    const patch = statusPatch(decided(snapshot({ task: task({ status: running(), stop: true }), ...lookedAt(IMAGE) })));
    expect(patch?.conditions).toContainEqual(expect.objectContaining({ type: 'Stopping', reason: 'UserStopped' }));
  });
});
