import type { Task } from '#core/api/task.ts';
import type { Subject } from '#core/contract/snapshot.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';
import type { Engine } from '#host/engine/engine.ts';
import { Aftermath } from './aftermath.ts';
import { buildHost } from './build-host.ts';
import { Chronicle } from './chronicle.ts';
import { Conduct } from './conduct.ts';
import { Disturbances } from './disturbances.ts';
import { FaultInjector } from './fault-injector.ts';
import { covers, Fleets } from './fleets.ts';
import { Deeds } from './happenings.ts';
import type { Stroke } from './host-line.ts';
import { Invariants } from './invariants.ts';
import { Ledger } from './ledger.ts';
import { faultOfPlace } from './life-attempts.ts';
import type { Mutation } from './mutation.ts';
import { FAULTS, type Happening, NAMESPACES, NODES, type Scenario, type Share } from './scenario.ts';
import { Scripts } from './scripts.ts';
import { Sendings } from './sendings.ts';
import type { SimulatedHost } from './simulated-host.ts';
import type { Violation } from './violation.ts';
import { Wire } from './wire.ts';

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

/** Runs a scenario to its end, or to the first violation. The same scenario, engine and mutation give the same history to the letter. */
export async function simulate(scenario: Scenario, options: SimulateOptions): Promise<History> {
  return new Simulation(scenario, options).run();
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #options: SimulateOptions;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #disturbances: Disturbances;
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
  readonly #aftermath: Aftermath;
  #isQuiet = false;
  #decisions = 0;

  constructor(scenario: Scenario, options: SimulateOptions) {
    const { seed, rates } = scenario;
    this.#scenario = scenario;
    this.#options = options;
    this.#world = createWorld({
      seed,
      nodes: NODES,
      namespaces: NAMESPACES,
      judged: scenario.hasSchemas === true ? 'Everything' : 'Nothing',
      kubelet: { assume: (pod) => this.#scripts.ofPod(pod) },
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
    this.#disturbances = new Disturbances(this.#ledger);
    this.#injector = new FaultInjector({
      seed,
      rates,
      isQuiet: () => this.#isQuiet,
      nowMs: () => clock.now(),
      onFault: (client, what, { kind, namespace, name }) => {
        this.#disturbances.callFails(kind, namespace, name);
        this.#log(`  ${client}: ${kind} ${namespace}/${name} ${what}`);
      },
    });
    this.#fleets = new Fleets({
      clock,
      shares: this.#shares,
      build: (name, share) => this.#build(name, share),
      onWake: () => this.#disturbances.hostWakes(),
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
      isStill: () => this.#aftermath.isStill,
      log: (line) => this.#log(line),
      report: (violation) => this.#violate(violation),
    });
    this.#aftermath = new Aftermath({
      world: this.#world,
      ledger: this.#ledger,
      scripts: this.#scripts,
      shares: this.#shares,
      engine: options.engine,
      fleets: this.#fleets,
      conduct: this.#conduct,
      isUndated: scenario.isUndated === true,
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
      if (!isOver()) await this.#aftermath.run(isOver);
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

  #build(name: string, share: Share): SimulatedHost {
    const { engine, mutation } = this.#options;
    return buildHost(name, share, {
      engine,
      ...(mutation === undefined ? {} : { mutation }),
      scenario: this.#scenario,
      world: this.#world,
      wire: this.#wire,
      disturbances: this.#disturbances,
      isQuiet: () => this.#isQuiet,
      log: (line) => this.#log(line),
      report: (violation) => this.#violate(violation),
      onDecided: (host, subject, deliberation) => this.#onDecided(host, subject, deliberation),
      onActed: (host, subject, action, outcome) => {
        this.#conduct.acted(host.name, subject, action, outcome);
        this.#disturbances.acted(subject, outcome);
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
        this.#log(this.#deeds.perform(happening));
        this.#disturbances.done(happening);
    }
  }

  #isOfShare(name: string, { metadata: { namespace = '', labels } }: Task): boolean {
    const host = this.#fleets.host(name);
    return host === undefined || covers(host.share, namespace, labels);
  }

  #violate(violation: Violation): void {
    this.#log(`VIOLATION ${violation.rule}: ${violation.says}`);
    this.#violations.push(violation);
  }

  #log(line: string): void {
    this.#chronicle.add(line);
  }
}
