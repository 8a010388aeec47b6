import type { ClusterError, ObjectList, WatchEvent } from './cluster.ts';
import { type Failure, failureOf } from './reflector-failure.ts';
import type { Phase, ReflectorInput, ReflectorOutput, ReflectorState, ReflectorStep } from './reflector-states.ts';

/** The server is asked to end a watch after this long, at most; less up to `TIMEOUT_SPREAD_SECONDS`, so that not all reconnect at once. */
const TIMEOUT_SECONDS = 290;
const TIMEOUT_SPREAD_SECONDS = 60;
/** A watch that the server has not ended this long after its time is dead. */
const IDLE_MARGIN_MS = 5_000;
/** No page may take longer. */
const PAGE_DEADLINE_MS = 60_000;
/** Delays are client-go's `tools/cache/reflector.go`: 800 ms to 30 s, doubled, jitter 1, forgotten after 2 minutes without failure. */
const BACKOFF_MIN_MS = 800;
const BACKOFF_MAX_MS = 30_000;
const BACKOFF_FORGET_MS = 120_000;
/**
 * A watch that said nothing at all for so long watches from a version that the server does not have (a cluster restored from a backup): it sends a bookmark
 * each minute on any other.
 */
const SILENT_WATCH_MS = 150_000;
/** A watch that was closed within this time and brought nothing is a failure: reconnecting at once would be a storm. */
const SHORT_WATCH_MS = 1_000;
/** After so many refused watches in a row it may be the version that is refused (a cluster restored from a backup): list again. */
const REFUSALS_BEFORE_RELIST = 3;

/** A list of more pages is not read again before a short watch was tried. */
const FEW_PAGES = 1;
/**
 * A watch that is to end so soon: the server sends a bookmark 2 s before the end of each, so about a second after it began, and with it all that was missing.
 * Source: apiserver pkg/storage/cacher/cache_watcher.go, nextBookmarkTime.
 */
const SHORT_TIMEOUT_SECONDS = 3;
/** Who is not served by a short watch within this time is served by a list. */
const SHORT_PATIENCE_MS = 3_500;
/** Another short watch is not begun before; whoever asks again so soon gets a list. */
const SHORT_AGAIN_MS = 60_000;

/**
 * One step: unless stopped there is always a timer or a call in flight behind it, and never a second call. The states and transitions are those of kube-rs
 * `runtime/src/watcher.rs`.
 */
export function step(state: ReflectorState, input: ReflectorInput): ReflectorStep {
  if (state.phase.type === 'Stopped') return unchanged(state);
  switch (input.type) {
    case 'Start':
      return state.sequence === 0 ? list(state, undefined) : unchanged(state);
    case 'Stop':
      return { state: { ...state, phase: { type: 'Stopped' }, timer: undefined }, outputs: [...abort(state), { type: 'ClearTimer' }] };
    case 'Refresh':
      return refresh(state, input);
    case 'TimerFired':
      return input.timer === state.timer ? onTimer({ ...state, timer: undefined }, input) : unchanged(state);
    case 'PageRead':
      return isCall(state, 'Listing', input.call) ? onPage(state, input.list, input) : unchanged(state);
    case 'PageFailed':
      return isCall(state, 'Listing', input.call) ? onPageFailed(state, input.error, input) : unchanged(state);
    case 'Watched':
      return isCall(state, 'Watching', input.call) ? onWatched(state, input.event, input) : unchanged(state);
    case 'WatchEnded':
      return isCall(state, 'Watching', input.call) ? onWatchEnded(state, input) : unchanged(state);
  }
}

type In<T extends Phase['type']> = ReflectorState & { readonly phase: Extract<Phase, { type: T }> };
type Moment = Pick<ReflectorInput, 'nowMs' | 'random'>;

function isCall<T extends 'Listing' | 'Watching'>(state: ReflectorState, type: T, call: number): state is In<T> {
  return state.phase.type === type && 'call' in state.phase && state.phase.call === call;
}

function unchanged(state: ReflectorState): ReflectorStep {
  return { state, outputs: [] };
}

function onTimer(state: ReflectorState, moment: Moment): ReflectorStep {
  const { phase } = state;
  switch (phase.type) {
    case 'Empty':
      return list(state, undefined);
    case 'ListPaused':
      return list(state, phase.continueToken);
    case 'Listed':
      return watch(state, phase.resourceVersion, phase.refusals, moment);
    case 'Listing': {
      const message = `list: expected a page within ${PAGE_DEADLINE_MS / 1000} s, none came`;
      return wait(state, { type: 'ListPaused', continueToken: phase.continueToken }, { reason: 'Idle', message }, moment);
    }
    case 'Watching': {
      const message = 'watch: expected the server to end it at its timeout, it stays silent';
      return wait(state, listed(phase), { reason: 'Idle', message }, moment);
    }
    case 'Stopped':
      return unchanged(state);
  }
}

function onPage(state: In<'Listing'>, page: ObjectList, moment: Moment): ReflectorStep {
  const content: ReflectorOutput = { type: 'Page', objects: page.items };
  const more = page.continueToken;
  if (more !== undefined && more !== '') return after([content], list(state, more));
  const next = watch(state, page.resourceVersion, 0, moment);
  return after([content, { type: 'ListDone', resourceVersion: page.resourceVersion }], next);
}

function onPageFailed(state: In<'Listing'>, error: ClusterError, moment: Moment): ReflectorStep {
  const failure = failureOf('list', error);
  // A continue token expires like a version does, and a server of another version may not know it at all: only a new list helps.
  const isOver = failure.reason === 'Expired' || failure.reason === 'Refused';
  const next: Phase = isOver ? { type: 'Empty' } : { type: 'ListPaused', continueToken: state.phase.continueToken };
  return wait(state, next, failure, moment);
}

function onWatched(state: In<'Watching'>, event: WatchEvent, moment: Moment): ReflectorStep {
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
      return advance(state, event.object.metadata.resourceVersion, { type: 'Upsert', object: event.object });
    case 'DELETED':
      return advance(state, event.object.metadata.resourceVersion, { type: 'Remove', object: event.object });
    case 'BOOKMARK':
      return advance(state, event.resourceVersion, { type: 'Bookmark', resourceVersion: event.resourceVersion });
    case 'ERROR':
      return onWatchFailed(state, event.error, moment);
  }
}

function advance(state: In<'Watching'>, to: string | undefined, output: ReflectorOutput): ReflectorStep {
  const { phase } = state;
  const resourceVersion = to ?? phase.resourceVersion;
  const hasAdvanced = phase.hasAdvanced || resourceVersion !== phase.resourceVersion;
  return { state: { ...state, phase: { ...phase, resourceVersion, hasSpoken: true, hasAdvanced, refusals: 0 } }, outputs: [output] };
}

function onWatchFailed(state: In<'Watching'>, error: ClusterError, moment: Moment): ReflectorStep {
  const failure = failureOf('watch', error);
  if (failure.reason === 'Expired') return wait(state, { type: 'Empty' }, failure, moment);
  const refusals = failure.reason === 'Refused' || failure.reason === 'ServerError' ? state.phase.refusals + 1 : state.phase.refusals;
  const next: Phase = refusals >= REFUSALS_BEFORE_RELIST ? { type: 'Empty' } : { ...listed(state.phase), refusals };
  return wait(state, next, failure, moment);
}

function onWatchEnded(state: In<'Watching'>, moment: Moment): ReflectorStep {
  const { phase } = state;
  if (!phase.hasAdvanced && moment.nowMs - phase.startedAtMs < SHORT_WATCH_MS) {
    const message = 'watch: expected it to stay open, the server closed it at once';
    return wait(state, listed(phase), { reason: 'ClosedEarly', message }, moment);
  }
  if (!phase.hasSpoken && moment.nowMs - phase.startedAtMs >= SILENT_WATCH_MS) {
    const message = 'watch: expected a bookmark each minute, nothing came; its version may be unknown to the server';
    return after([{ type: 'Restarted', reason: 'Silent', message, delayMs: 0 }], list(state, undefined));
  }
  const restarted: ReflectorOutput = { type: 'Restarted', reason: 'Closed', message: 'watch: closed by the server', delayMs: 0 };
  return after([restarted], watch(state, phase.resourceVersion, phase.refusals, moment));
}

function refresh(state: ReflectorState, moment: Moment): ReflectorStep {
  const { phase } = state;
  switch (phase.type) {
    // Not started, or about to list from the beginning, or doing it.
    case 'Empty':
    case 'Listing':
    case 'Stopped':
      return unchanged(state);
    // The wait after a failure is kept: the server may have asked for it.
    case 'ListPaused':
    case 'Listed':
      return { state: { ...state, phase: { type: 'Empty' } }, outputs: [] };
    case 'Watching':
      return refreshWatched({ ...state, phase }, moment);
  }
}

/** Ten thousand objects are a hundred times dearer to list than to hear of. */
function refreshWatched(state: In<'Watching'>, moment: Moment): ReflectorStep {
  const { phase, pages, hurriedAtMs = Number.NEGATIVE_INFINITY } = state;
  const sinceMs = moment.nowMs - hurriedAtMs;
  const restarted = (message: string): ReflectorOutput => ({ type: 'Restarted', reason: 'Refresh', message, delayMs: 0 });
  if (pages <= FEW_PAGES || (sinceMs >= SHORT_PATIENCE_MS && sinceMs < SHORT_AGAIN_MS))
    return after([...abort(state), restarted('list: asked for by a reader')], list(state, undefined));
  if (sinceMs < SHORT_PATIENCE_MS) return unchanged(state);
  const hurried = { ...state, hurriedAtMs: moment.nowMs };
  const next = watch(hurried, phase.resourceVersion, phase.refusals, moment, SHORT_TIMEOUT_SECONDS);
  return after([...abort(state), restarted('watch: how far the server is was asked for by a reader')], next);
}

function list(state: ReflectorState, continueToken: string | undefined): ReflectorStep {
  const call = state.sequence + 1;
  const timer = call + 1;
  const begun: readonly ReflectorOutput[] = continueToken === undefined ? [{ type: 'ListBegun' }] : [];
  return {
    state: {
      ...state,
      sequence: timer,
      timer,
      pages: continueToken === undefined ? 1 : state.pages + 1,
      phase: { type: 'Listing', call, continueToken },
    },
    outputs: [...begun, { type: 'SetTimer', timer, delayMs: PAGE_DEADLINE_MS }, { type: 'List', call, continueToken }],
  };
}

function watch(
  state: ReflectorState,
  resourceVersion: string,
  refusals: number,
  { nowMs, random }: Moment,
  timeoutSeconds = TIMEOUT_SECONDS - Math.floor(random * TIMEOUT_SPREAD_SECONDS),
): ReflectorStep {
  const call = state.sequence + 1;
  const timer = call + 1;
  const phase: Phase = { type: 'Watching', call, resourceVersion, refusals, startedAtMs: nowMs, hasSpoken: false, hasAdvanced: false };
  return {
    state: { ...state, sequence: timer, timer, phase },
    outputs: [
      { type: 'SetTimer', timer, delayMs: timeoutSeconds * 1000 + IDLE_MARGIN_MS },
      { type: 'Watch', call, resourceVersion, timeoutSeconds },
    ],
  };
}

/** Ends the call in flight, if there still is one, and goes to `next` with the timer that leads on from there. */
function wait(state: ReflectorState, next: Phase, failure: Failure, { nowMs, random }: Moment): ReflectorStep {
  const isFresh = nowMs - state.backoff.waitedUntilMs >= BACKOFF_FORGET_MS;
  const failures = isFresh ? 0 : state.backoff.failures;
  const base = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** failures);
  // The first expired version is an ordinary event: its list need not wait.
  const own = failure.reason === 'Expired' && isFresh ? 0 : base * (1 + random);
  const delayMs = Math.max(own, failure.retryAfterMs ?? 0);
  const timer = state.sequence + 1;
  const backoff = { failures: Math.min(failures + 1, 16), waitedUntilMs: nowMs + delayMs };
  return {
    state: { ...state, phase: next, sequence: timer, timer, backoff },
    outputs: [
      ...abort(state),
      { type: 'Restarted', reason: failure.reason, message: failure.message, delayMs },
      { type: 'SetTimer', timer, delayMs },
    ],
  };
}

function abort({ phase }: ReflectorState): readonly ReflectorOutput[] {
  return 'call' in phase ? [{ type: 'Abort', call: phase.call }] : [];
}

function after(outputs: readonly ReflectorOutput[], next: ReflectorStep): ReflectorStep {
  return { state: next.state, outputs: [...outputs, ...next.outputs] };
}

function listed(phase: Extract<Phase, { type: 'Watching' }>): Extract<Phase, { type: 'Listed' }> {
  return { type: 'Listed', resourceVersion: phase.resourceVersion, refusals: phase.refusals };
}
