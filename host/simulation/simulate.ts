import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Outcome, Subject } from '#core/contract/snapshot.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';
import type { Engine } from '#host/engine/engine.ts';
import { Chronicle } from './chronicle.ts';
import { Conduct } from './conduct.ts';
import { FaultInjector } from './fault-injector.ts';
import { covers, Fleets } from './fleets.ts';
import { type Deed, Deeds } from './happenings.ts';
import type { Stroke } from './host-line.ts';
import { Invariants } from './invariants.ts';
import { Ledger } from './ledger.ts';
import { faultOfPlace } from './life-attempts.ts';
import { keptLogFaults } from './life-logs.ts';
import { unsettled } from './liveness.ts';
import { withLogFaults } from './log-faults.ts';
import type { Mutation } from './mutation.ts';
import { paged } from './paged-cluster.ts';
import { waitsToStart } from './records.ts';
import { FAULTS, type Happening, NAMESPACES, NODES, type Scenario, type Share } from './scenario.ts';
import { attemptOf, Scripts } from './scripts.ts';
import { Sendings } from './sendings.ts';
import { SimulatedHost } from './simulated-host.ts';
import type { Violation } from './violation.ts';
import { taskOf, Wire } from './wire.ts';

export interface SimulateOptions {
  readonly engine: Engine;
  readonly mutation?: Mutation;
  /** Keep the rules of each decision and each call too. Default false: what was written and what went wrong. */
  readonly isVerbose?: boolean;
  /** Beside the scenario's own: what befalls a host before its n-th write, from 1, counted over all hosts. */
  readonly strike?: (write: number) => Stroke;
  /** Beside the scenario's own: for how long a host's n-th write is on its way to the API server, in milliseconds; 0: as drawn. */
  readonly delay?: (write: number) => number;
}

/** What came of a scenario. */
export interface History {
  readonly violations: readonly Violation[];
  readonly lines: readonly string[];
  readonly virtualMs: number;
  readonly decisions: number;
  /** Writes that hosts sent. */
  readonly writes: number;
  readonly hosts: number;
  readonly ledger: Ledger;
}

/** After the last fault: until every Task is settled, at most; then so long nobody may write anything. */
const TAIL_MS = 4 * 3_600_000;
const TAIL_STEP_MS = 5_000;
const STILL_MS = 150_000;
/** How long a watch may still be behind after the last fault: it waits before it begins anew, or is mute until the next bookmark. */
const BLIND_MS = 150_000;

/**
 * What a host that knows nothing of the tries before writes of a Task that waits to be started: what it waits for before it has tried that itself, and after, each with an
 * Event. What is refused then is a disturbance of its own.
 */
const WRITES_OF_A_FIRST_TRY = 4;

/** Runs a scenario to its end, or to the first violation. The same scenario, engine and mutation give the same history to the letter. */
export async function simulate(scenario: Scenario, options: SimulateOptions): Promise<History> {
  return new Simulation(scenario, options).run();
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #options: SimulateOptions;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #invariants: Invariants;
  readonly #sendings = new Sendings();
  readonly #wire: Wire;
  readonly #fleets: Fleets;
  readonly #injector: FaultInjector;
  readonly #deeds: Deeds;
  readonly #shares: readonly Share[];
  readonly #scripts = new Scripts();
  readonly #violations: Violation[] = [];
  readonly #chronicle: Chronicle;
  readonly #conduct: Conduct;
  #isQuiet = false;
  #isStill = false;
  #areLogsRefused = false;
  #decisions = 0;

  constructor(scenario: Scenario, options: SimulateOptions) {
    const { seed, rates } = scenario;
    this.#scenario = scenario;
    this.#options = options;
    const assume = (pod: Pod): Partial<PodScript> | undefined => this.#scriptOf(pod);
    this.#world = createWorld({
      seed,
      nodes: NODES,
      namespaces: NAMESPACES,
      judged: scenario.hasSchemas === true ? 'Everything' : 'Nothing',
      kubelet: { assume },
    });
    const { clock, server } = this.#world;
    this.#chronicle = new Chronicle(clock);
    this.#shares = scenario.shares ?? [{}];
    this.#ledger = new Ledger({
      world: this.#world,
      isCalm: FAULTS.every((name) => rates[name] === 0),
      agentOf: (client, uid) => this.#fleets.host(client)?.builtFor.get(uid),
    });
    server.addAdmission(this.#ledger.writers.admission);
    this.#injector = new FaultInjector({
      seed,
      rates,
      isQuiet: () => this.#isQuiet,
      nowMs: () => clock.now(),
      onFault: (client, what, { kind, namespace, name }) => {
        this.#disturb(kind, namespace, name);
        this.#log(`  ${client}: ${kind} ${namespace}/${name} ${what}`);
      },
    });
    this.#fleets = new Fleets({
      clock,
      shares: this.#shares,
      build: (name, share) => this.#build(name, share),
      onWake: () => this.#begins(),
      log: (line) => this.#log(line),
    });
    this.#conduct = new Conduct({
      nowMs: () => clock.now(),
      hasOneLeader: () => this.#fleets.hasOneLeaderEach,
      isOfShare: (host, task) => this.#isOfShare(host, task),
      isGone: (uid) => this.#ledger.tasks.get(uid)?.goneMs !== undefined,
      isLossy: rates.watchDrop > 0,
      report: (violation) => this.#violate(violation),
    });
    this.#invariants = new Invariants({
      ledger: this.#ledger,
      sendings: this.#sendings,
      writer: (name) => this.#fleets.host(name),
      latestLeadMs: (name) => this.#fleets.latestLeadMs(name),
      latestSharedMs: (name) => this.#fleets.latestSharedMs(name),
      report: (violation) => this.#violate(violation),
    });
    this.#wire = new Wire({
      clock,
      ledger: this.#ledger,
      fleets: this.#fleets,
      injector: this.#injector,
      conduct: this.#conduct,
      sendings: this.#sendings,
      isVerbose: options.isVerbose === true,
      ...(options.strike === undefined ? {} : { strike: options.strike }),
      ...(options.delay === undefined ? {} : { delay: options.delay }),
      isStill: () => this.#isStill,
      log: (line) => this.#log(line),
      report: (violation) => this.#violate(violation),
    });
    this.#deeds = new Deeds({ world: this.#world, scripts: this.#scripts, onNodeLost: (node) => this.#ledger.nodeLost(node) });
    for (const kind of ['Task', 'Pod', 'Agent', 'AgentTemplate', 'KubeOpenCodeConfig', 'ConfigMap', 'Event'] as const)
      server.store.listen(kind, (change) => this.#onChange(change));
  }

  async run(): Promise<History> {
    const { clock } = this.#world;
    const { happenings, quietAfterMs } = this.#scenario;
    for (const { atMs, happening } of happenings) clock.after(atMs, () => this.#happen(happening));
    this.#fleets.begin();
    const lastMs = Math.max(quietAfterMs, ...happenings.map(({ atMs }) => atMs));
    clock.after(quietAfterMs, () => {
      this.#isQuiet = true;
      this.#log('nothing goes wrong from here on');
    });
    const isOver = (): boolean => this.#violations.length > 0;
    try {
      await clock.runUntil(isOver, clock.now() + lastMs + 1);
      if (!isOver()) await this.#tail(isOver);
    } catch (error) {
      this.#violate({ rule: 'time-goes-on', says: String(error) });
    }
    for (const host of this.#fleets.hosts) host.kill();
    return {
      violations: this.#violations,
      lines: this.#chronicle.lines,
      virtualMs: this.#chronicle.virtualMs,
      decisions: this.#decisions,
      writes: this.#wire.writes,
      hosts: this.#fleets.hosts.length,
      ledger: this.#ledger,
    };
  }

  async #tail(isOver: () => boolean): Promise<void> {
    const { clock } = this.#world;
    const settled = {
      world: this.#world,
      ledger: this.#ledger,
      scripts: this.#scripts,
      shares: this.#shares,
      engine: this.#options.engine,
    };
    const endsMs = clock.now() + TAIL_MS;
    let open = unsettled(settled);
    while ((open.length > 0 || this.#fleets.isRestless) && clock.now() < endsMs && !isOver()) {
      await clock.runUntil(isOver, Math.min(endsMs, clock.now() + TAIL_STEP_MS));
      open = unsettled(settled);
    }
    for (const violation of open) this.#violate(violation);
    if (isOver()) return;
    await clock.runUntil(isOver, clock.now() + BLIND_MS + this.#behindMs());
    this.#isStill = true;
    await clock.runUntil(isOver, clock.now() + STILL_MS);
    for (const violation of unsettled(settled)) this.#violate(violation);
    for (const violation of keptLogFaults(this.#ledger, this.#world.server)) this.#violate(violation);
    for (const task of this.#ledger.tasks.values()) this.#conduct.judgeWrites(task);
  }

  /** By how much the clock that a host goes by is behind: what is to be done in its time, as clean-up is, is done so much later. */
  #behindMs(): number {
    if (this.#scenario.isUndated !== true) return 0;
    return Math.max(0, ...this.#fleets.hosts.map(({ life }) => -life.aheadMs));
  }

  #build(name: string, share: Share): SimulatedHost {
    const { clock } = this.#world;
    const { engine, mutation } = this.#options;
    const { seed, rates, pageSize } = this.#scenario;
    const client = this.#world.client(name, this.#wire.faults);
    this.#begins();
    for (const task of this.#ledger.tasks.values()) task.isTroubled = true;
    const withPages = pageSize === undefined ? client : paged(client, pageSize);
    const logs = {
      clock,
      seed,
      rate: () => (this.#isQuiet ? 0 : rates.log),
      onFault: (namespace: string, pod: string, what: string) => {
        this.#disturb('Pod', namespace, pod);
        this.#log(`  ${name}: the log of pod ${namespace}/${pod}: ${what}`);
      },
    };
    return new SimulatedHost({
      name,
      clock,
      engine,
      ...(mutation === undefined ? {} : { mutation }),
      share,
      isUndated: this.#scenario.isUndated === true,
      sessions: {
        seed,
        rate: () => (this.#isQuiet ? 0 : rates.session),
        onFault: (what) => this.#log(`  ${name}: ${what}`),
      },
      cluster: rates.log > 0 ? withLogFaults(withPages, logs) : withPages,
      line: this.#wire.lineOf(name),
      onDeath: () => this.#log(`${name} dies right after that`),
      onFault: (message) => this.#violate({ rule: 'a-host-never-fails', says: `${name}: ${message}` }),
      onDecided: (host, subject, deliberation) => this.#onDecided(host, subject, deliberation),
      onActed: (host, subject, action, outcome) => {
        this.#conduct.acted(host.name, subject, action, outcome);
        this.#onActed(subject, outcome);
      },
    });
  }

  #onDecided({ name }: SimulatedHost, subject: Subject, deliberation: Deliberation): void {
    this.#decisions += 1;
    this.#conduct.decided(name, subject, deliberation);
    // When an attempt that a hand has struck out is to be followed by another is nothing to wait for.
    const place = this.#ledger.tasks.get(subject.uid)?.isEdited === true ? null : faultOfPlace(deliberation);
    if (place !== null)
      this.#violate({ rule: 'who-waits-for-an-attempt-holds-no-place', says: `${name} decides ${subject.name}: ${place}` });
    if (this.#options.isVerbose === true) this.#chronicle.decision(name, subject, deliberation);
  }

  #onActed(subject: Subject, outcome: Outcome): void {
    const task = this.#ledger.tasks.get(subject.uid);
    // A conflict that nobody has brought about is the host's own fault: it did not wait for what it had written.
    if (task !== undefined && outcome.result !== 'ok' && outcome.reason !== 'Conflict') task.disturbances += 1;
  }

  #onChange(change: Change): void {
    this.#ledger.enter(change);
    if (change.object.kind === 'Task' || change.object.kind === 'Pod') this.#chronicle.change(change);
    this.#invariants.judge(change);
  }

  #happen(happening: Happening): void {
    switch (happening.type) {
      case 'CrashHost':
      case 'PauseHost':
      case 'ReplaceHost':
      case 'JumpClock':
        this.#fleets.befall(happening);
        break;
      default:
        this.#perform(happening);
    }
  }

  #perform(deed: Deed): void {
    this.#log(this.#deeds.perform(deed));
    if (deed.type === 'RefuseLogs') this.#areLogsRefused = deed.how !== null;
    const isOfLogs = this.#areLogsRefused || deed.type === 'RefuseLogs' || deed.type === 'ForeignLog';
    // It may concern any of them, and each may have to say something because of it.
    for (const task of this.#ledger.tasks.values()) {
      task.disturbances += 1;
      task.isTroubled ||= isOfLogs;
    }
  }

  #isOfShare(name: string, { metadata: { namespace = '', labels } }: Task): boolean {
    const host = this.#fleets.host(name);
    return host === undefined || covers(host.share, namespace, labels);
  }

  #scriptOf(pod: Pod): Partial<PodScript> | undefined {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
    return owner === undefined ? undefined : this.#scripts.of(owner.uid, attemptOf(pod));
  }

  /** A host begins, or goes on after it stood still: it knows nothing of what others have tried, and its first write may be on an old version. */
  #begins(): void {
    for (const task of this.#ledger.tasks.values()) task.disturbances += 1 + (waitsToStart(task) ? WRITES_OF_A_FIRST_TRY : 0);
  }

  #disturb(kind: Kind, namespace: string, name: string): void {
    const task = taskOf(this.#ledger, kind, namespace, name);
    if (task === undefined) return;
    task.disturbances += 1;
    task.isTroubled = true;
  }

  #violate(violation: Violation): void {
    this.#log(`VIOLATION ${violation.rule}: ${violation.says}`);
    this.#violations.push(violation);
  }

  #log(line: string): void {
    this.#chronicle.add(line);
  }
}
