import { ANNOTATIONS } from '#core/contract/names.ts';
import { parseDuration } from '#core/units/duration.ts';
import type { SourceObject } from '../input/documents.ts';
import type { Fault } from '../input/fault.ts';

type Fields = Readonly<Record<string, unknown>>;
type Path = readonly string[];

/** Where an object says how Tasks live: `timeout`, `stop`, `retry`, `pendingTimeouts`, `cleanup`. */
const PLACES: Readonly<Record<string, readonly Path[]>> = {
  Task: [['spec']],
  Agent: [['spec', 'taskDefaults']],
  KubeOpenCodeConfig: [['spec', 'taskDefaults'], ['spec']],
};

/** Settings of a Task's life that a schema allows and that do nothing, or not what they say. Of faulty objects only what can be read counts. */
export function findInLife(documents: readonly SourceObject[]): readonly Fault[] {
  const graces = new Map(documents.flatMap(({ value }) => graceOf(fieldsOf(value))));
  return documents.flatMap((document) => {
    const object = fieldsOf(document.value);
    const kind = String(object.kind);
    const grace = graces.get(keyOf(podsOf(object), object));
    const notes = (PLACES[kind] ?? []).flatMap((path) => notesAt(path, at(object, path), grace));
    const all = [...notes, ...(kind === 'Task' ? stopNotes(object) : []), ...(kind === 'KubeOpenCodeConfig' ? evidenceNotes(object) : [])];
    return all.map(({ path, says }) => document.fault(path, `${path.join('.')}: ${says}`));
  });
}

interface Note {
  readonly path: Path;
  readonly says: string;
}

/** The grace that `podSpec` gives to Pods. */
interface PodGrace {
  /** `Agent coder`. */
  readonly by: string;
  readonly seconds: unknown;
}

function graceOf(object: Fields): readonly (readonly [string, PodGrace])[] {
  const { kind, metadata } = object;
  const { terminationGracePeriodSeconds: seconds } = at(object, ['spec', 'podSpec']);
  if ((kind !== 'Agent' && kind !== 'AgentTemplate') || seconds === undefined) return [];
  const by = `${kind} ${fieldsOf(metadata).name}`;
  return [[keyOf(by, object), { by, seconds }]];
}

/** By whom the Pods are made that the object speaks of: itself, or whom a Task names. */
function podsOf(object: Fields): string {
  const { agentRef, templateRef } = at(object, ['spec']);
  if (object.kind !== 'Task') return `${object.kind} ${fieldsOf(object.metadata).name}`;
  return agentRef === undefined ? `AgentTemplate ${fieldsOf(templateRef).name}` : `Agent ${fieldsOf(agentRef).name}`;
}

function keyOf(by: string, { metadata }: Fields): string {
  return `${by} in ${fieldsOf(metadata).namespace ?? ''}`;
}

function notesAt(path: Path, fields: Fields, grace: PodGrace | undefined): readonly Note[] {
  return [...retryNotes(path, fields), ...pendingNotes(path, fields), ...graceNotes(path, fields, grace), ...cleanupNotes(path, fields)];
}

/** A budget that pays for nothing, and a wait that is cut at once. */
function retryNotes(path: Path, fields: Fields): readonly Note[] {
  if (fields.retry === undefined) return [];
  const retry = fieldsOf(fields.retry);
  const limits = [retry.limit, ...Object.values(fieldsOf(retry.causes))];
  const { initial, max } = fieldsOf(retry.backoff);
  const isIdle = !limits.some((limit) => typeof limit === 'number' && limit > 0);
  const says = 'nothing that fails is tried again by it; set limit, or a limit of its own in causes';
  return [
    ...(isIdle
      ? [{ path: [...path, 'retry'], says: `${says} (a Pod that the platform ends before its agent has started is replaced all the same)` }]
      : []),
    ...(isLonger(initial, max)
      ? [{ path: [...path, 'retry', 'backoff', 'initial'], says: `${initial} is longer than max, so every wait is ${max}` }]
      : []),
  ];
}

/** Counted from later than the timeout is, and no shorter: it never comes. */
function pendingNotes(path: Path, { timeout, pendingTimeouts }: Fields): readonly Note[] {
  return Object.entries(fieldsOf(pendingTimeouts))
    .filter(([, text]) => text === timeout || isLonger(text, timeout))
    .map(([field, text]) => ({
      path: [...path, 'pendingTimeouts', field],
      says: `${text} is not shorter than the timeout of ${timeout}, which comes first`,
    }));
}

/** A deadline leaves a container the grace of its Pod. That is the stop's own, but where `podSpec` says another. */
function graceNotes(path: Path, fields: Fields, grace: PodGrace | undefined): readonly Note[] {
  const { mode, gracePeriodSeconds } = fieldsOf(fields.stop);
  if (mode !== 'Retain' || gracePeriodSeconds === undefined) return [];
  if (grace === undefined || grace.seconds === gracePeriodSeconds) return [];
  const says = `it does nothing with mode: Retain, where the Pod’s own grace counts: podSpec.terminationGracePeriodSeconds of ${grace.by} is ${grace.seconds}`;
  return [{ path: [...path, 'stop', 'gracePeriodSeconds'], says }];
}

const OUTCOMES = { completed: 'Completed', failed: 'Failed', stopped: 'Stopped' } as const;

/** A Pod goes with its Task. */
function cleanupNotes(path: Path, fields: Fields): readonly Note[] {
  const cleanup = fieldsOf(fields.cleanup);
  const pod = fieldsOf(cleanup.pod);
  const { delaySeconds } = pod;
  if (typeof delaySeconds !== 'number' || delaySeconds === 0) return [];
  for (const [field, outcome] of Object.entries(OUTCOMES)) {
    const ttlField = cleanup[`ttlSecondsAfter${outcome}`] === undefined ? 'ttlSecondsAfterFinished' : `ttlSecondsAfter${outcome}`;
    const ttl = cleanup[ttlField];
    if (pod[field] !== 'Delete' || typeof ttl !== 'number' || ttl > delaySeconds) continue;
    const says = `it is not shorter than ${ttlField} (${ttl}), so the Pods go with their Task`;
    return [{ path: [...path, 'cleanup', 'pod', 'delaySeconds'], says }];
  }
  return [];
}

function stopNotes({ metadata }: Fields): readonly Note[] {
  const value = fieldsOf(fieldsOf(metadata).annotations)[ANNOTATIONS.stop];
  if (value === undefined) return [];
  const says = value === 'true' ? 'the Task is stopped before it starts' : `${JSON.stringify(value)} stops nothing; only "true" does`;
  return [{ path: ['metadata', 'annotations', ANNOTATIONS.stop], says }];
}

/** Pods that go, and nothing is kept of what they said. */
function evidenceNotes(object: Fields): readonly Note[] {
  const { evidence, logTailBytes, cleanup } = at(object, ['spec']);
  const pod = fieldsOf(fieldsOf(cleanup).pod);
  const isKept = evidence !== 'BestEffort' && logTailBytes !== 0;
  const why = evidence === 'BestEffort' ? 'evidence is BestEffort' : 'logTailBytes is 0';
  const lost = isKept ? [] : Object.keys(OUTCOMES).filter((field) => pod[field] === 'Delete');
  return [
    ...lost.map((field) => ({
      path: ['spec', 'cleanup', 'pod', field],
      says: `the logs go with the Pods, and nothing of them is kept, because ${why}`,
    })),
    ...(evidence === 'BestEffort' && typeof logTailBytes === 'number' && logTailBytes > 0
      ? [{ path: ['spec', 'logTailBytes'], says: 'it does nothing with evidence: BestEffort; no log is kept' }]
      : []),
  ];
}

function isLonger(text: unknown, than: unknown): boolean {
  const [left, right] = [parseDuration(text), parseDuration(than)];
  return left.ok && right.ok && left.ms > right.ms;
}

function at(object: Fields, path: Path): Fields {
  return path.reduce<Fields>((fields, name) => fieldsOf(fields[name]), object);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
