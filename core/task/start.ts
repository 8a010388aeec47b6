import type { Decision, Reason } from '../contract/decision.ts';
import type { Ref } from '../contract/snapshot.ts';
import { buildPod } from '../pod/build.ts';
import { contextConfigMapName } from '../pod/names.ts';
import { isRefusal } from '../pod/refusal.ts';
import { type ResolvedAgent, resolveAgent } from '../pod/resolve.ts';
import { configInput } from '../pod/shapes.ts';
import { earliest } from '../units/time.ts';
import { untilDue } from './again.ts';
import { reason, stopRequested, type TaskContext } from './context.ts';
import { create } from './create.ts';
import { decided, reads } from './decided.ts';
import { untilEarlierEnded } from './earlier.ts';
import { quotaStanding, wantedPlace } from './place.ts';
import { graceEndsMs, lookUpSource, type Source } from './references.ts';
import { afterRefusal, podInDoubt } from './refusals.ts';
import { failUnstarted, stopUnstarted } from './unstarted.ts';
import { queueUp, relookAtMs, waitForStart, waitsSinceMs } from './wait.ts';

/** A Task without a Pod: from the first look at it to the creation of its Pod. Each step either goes on or says what it waits for. */
export function start(context: TaskContext): Decision {
  const { task } = context;
  const inDoubt = podInDoubt(context);
  if (inDoubt !== null) return inDoubt;
  if (stopRequested(task)) return stopUnstarted(context);
  const fault = context.specFault;
  if (fault !== null) {
    const trail = [reason('task/invalid-spec', fault, { generation: task.metadata.generation ?? 0 })];
    return waitForStart(context, { reason: 'InvalidSpec', cause: 'Configuration', message: fault, wakeAtMs: null, dependsOn: [], trail });
  }
  if (task.spec.suspend === true) {
    const message = 'task is suspended; set spec.suspend to false to let it start';
    const trail = [reason('task/suspended', message)];
    return queueUp(context, { reason: 'TaskSuspended', message, note: 'task is suspended, task queued', dependsOn: [], trail });
  }
  const backoff = untilDue(context);
  if (backoff !== null) return backoff;
  const { found, dependsOn } = lookUpSource(context);
  switch (found.type) {
    case 'Reads':
      return reads(found.refs);
    case 'Missing':
      return failUnstarted(context, 'AgentError', 'Agent', found.message, [reason('task/reference-missing', found.message)]);
    case 'Waits': {
      const { message, wakeAtMs } = found;
      const trail = [reason('task/reference-awaited', message, { wakeAtMs })];
      return waitForStart(context, { reason: 'AgentError', cause: 'Agent', message, wakeAtMs, dependsOn, trail });
    }
    case 'Found':
      return startWith(context, found.object, dependsOn);
  }
}

function startWith(context: TaskContext, source: Source, dependsOn: readonly Ref[]): Decision {
  const { settings } = context.snapshot;
  const config = configInput(settings.config);
  if (isRefusal(config)) {
    // Everybody's fault to mend, and no Task's: they wait, and a change of the configuration has all of them decided again.
    const trail = [reason('task/config-unusable', config.message)];
    return waitForStart(context, {
      reason: 'ConfigError',
      cause: 'Configuration',
      message: config.message,
      wakeAtMs: null,
      dependsOn,
      trail,
    });
  }
  const resolved = resolveAgent(source, settings.config);
  if (resolved.type === 'Refused') {
    return failUnstarted(context, resolved.reason, 'Agent', resolved.message, [reason('task/agent-unusable', resolved.message)]);
  }
  const gate = agentGate(source, resolved.agent);
  if (gate !== null && 'agent' in source) {
    const queue = wantedPlace(context, source.agent.metadata.name, resolved.agent, { closed: true });
    return queueUp(context, { ...gate, queue, dependsOn, trail: [reason('task/agent-gate', gate.message)] });
  }
  // A Task that waits its turn is not built again, not by a new leader either: only its place may have changed.
  if (context.snapshot.granted !== true && context.task.status?.phase === 'Queued') {
    const waiting = awaitTurn(context, source, resolved.agent, dependsOn);
    if (waiting !== null) return waiting;
  }
  return buildAndCreate(context, source, resolved.agent, dependsOn);
}

type Gate = Pick<Parameters<typeof queueUp>[1], 'reason' | 'message' | 'note'>;

/** What of the Agent itself keeps Tasks from starting; null when nothing does. Readiness is a gate only where the Agent's server does the work. */
function agentGate(source: Source, agent: ResolvedAgent): Gate | null {
  if (!('agent' in source)) return null;
  const name = JSON.stringify(source.agent.metadata.name);
  if (source.agent.spec.suspend === true) {
    return { reason: 'AgentSuspended', message: `Agent ${name} is suspended`, note: `Agent ${name} is suspended, task queued` };
  }
  if (agent.execution === 'Attach' && source.agent.status?.ready !== true) {
    return {
      reason: 'AgentServerNotReady',
      message: `Agent ${name} server is not ready`,
      note: `Agent ${name} server not ready, task queued`,
    };
  }
  return null;
}

/** Queued behind a limit of the Agent; null when no limit holds the Task back now. */
function awaitTurn(context: TaskContext, source: Source, agent: ResolvedAgent, dependsOn: readonly Ref[]): Decision | null {
  // A Task that says Running holds its place already: it is on its way from upstream's controller, which writes that first.
  if (!('agent' in source) || context.task.status?.phase === 'Running') return null;
  const name = source.agent.metadata.name;
  const limited = agent.maxConcurrentTasks !== undefined && agent.maxConcurrentTasks > 0;
  const standing = agent.quota === undefined ? null : quotaStanding(context, source.agent, agent.quota);
  const nextFreeMs = standing?.nextFreeMs ?? null;
  const { granted } = context.snapshot;
  // Where there is nothing but a quota, a start that is recorded already has had its turn.
  if (nextFreeMs === null && (granted === true || (!limited && (standing === null || standing.recorded)))) return null;
  const queue = wantedPlace(context, name, agent, { notBeforeMs: nextFreeMs });
  // Just asked: the host may grant it at once, so nothing is written yet.
  if (granted === undefined && nextFreeMs === null) {
    return decided({
      queue,
      dependsOn,
      reasons: [
        reason('task/asks-for-place', `asks for a place of agent ${JSON.stringify(name)}`, { slots: agent.maxConcurrentTasks ?? null }),
      ],
    });
  }
  // Where there is nothing but a quota, that is what those ahead of this Task use up.
  if (agent.quota !== undefined && (nextFreeMs !== null || !limited)) {
    const limit = `max: ${agent.quota.maxTaskStarts} per ${agent.quota.windowSeconds}s`;
    const says =
      nextFreeMs === null
        ? `waits its turn of the quota of agent ${JSON.stringify(name)}`
        : `the quota of agent ${JSON.stringify(name)} is used up`;
    const trail = [reason('task/quota-exceeded', says, { limit, nextFreeMs })];
    return queueUp(context, {
      reason: 'QuotaExceeded',
      message: `Waiting for agent ${JSON.stringify(name)} quota (${limit})`,
      note: `Agent ${JSON.stringify(name)} quota exceeded (${limit}), task queued`,
      queue,
      dependsOn,
      trail,
    });
  }
  const limit = `max: ${agent.maxConcurrentTasks}`;
  const trail = [reason('task/at-capacity', `agent ${JSON.stringify(name)} has no place free`, { limit })];
  return queueUp(context, {
    reason: 'AgentAtCapacity',
    message: `Waiting for agent ${JSON.stringify(name)} capacity (${limit})`,
    note: `Agent ${JSON.stringify(name)} at capacity (${limit}), task queued`,
    queue,
    dependsOn,
    trail,
  });
}

function buildAndCreate(
  context: TaskContext,
  source: Source,
  agent: ResolvedAgent,
  dependsOn: readonly Ref[],
  contextName?: string,
): Decision {
  const { config } = context.snapshot.settings;
  const built = buildPod({
    task: context.task,
    agent,
    config,
    attempt: context.attempt,
    read: context.snapshot.read,
    evidence: config.evidence ?? 'Finalizer',
    ...(contextName === undefined ? {} : { contextName }),
  });
  switch (built.type) {
    case 'Reads':
      return reads(built.refs);
    case 'Refused':
      return failUnstarted(context, built.reason, built.reason === 'ContextError' ? 'Context' : 'Agent', built.message, [
        reason('task/cannot-build', built.message),
      ]);
    case 'Waits':
      return awaitContext(context, built.message, built.ref, dependsOn);
    case 'Unavailable':
      return waitForStart(context, {
        reason: 'ContextError',
        cause: 'Context',
        message: built.message,
        wakeAtMs: relookAtMs(context, waitsSinceMs(context, 'ContextError', built.message)),
        dependsOn,
        trail: [reason('task/context-unavailable', built.message)],
      });
    case 'Built': {
      const held =
        afterRefusal(context, built.configMap?.metadata.name ?? null) ??
        awaitTurn(context, source, agent, dependsOn) ??
        untilEarlierEnded(context);
      if (held !== null) return held;
      const created = create(context, source, agent, built, dependsOn);
      if (created !== 'NameTaken') return created;
      // A config map of that name belongs to an earlier Task or to somebody else: a name that holds our UID is free or ours.
      const own = contextConfigMapName(context.task.metadata.name, context.snapshot.subject.uid, context.attempt);
      if (contextName === undefined) return buildAndCreate(context, source, agent, dependsOn, own);
      return failUnstarted(
        context,
        'ConfigMapCreationError',
        'Context',
        `config map ${JSON.stringify(own)} exists and does not belong to this task; delete it and create the task again`,
        [reason('task/configmap-foreign', 'both names of the config map are taken', { name: own })],
      );
    }
  }
}

/** A ConfigMap that is not there (yet): looked for again until the grace is over. It is always read live, so its absence is a fact. */
function awaitContext(context: TaskContext, message: string, ref: Ref, dependsOn: readonly Ref[]): Decision {
  const untilMs = graceEndsMs(context, 'ContextError', message);
  const trail: readonly Reason[] = [reason('task/context-awaited', message, { untilMs })];
  if (context.nowMs >= untilMs)
    return failUnstarted(context, 'ContextError', 'Context', message, [reason('task/context-missing', message, { ref: ref.name })]);
  const wakeAtMs = earliest(untilMs, relookAtMs(context, waitsSinceMs(context, 'ContextError', message)));
  return waitForStart(context, { reason: 'ContextError', cause: 'Context', message, wakeAtMs, dependsOn, trail });
}
