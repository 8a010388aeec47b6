import { ANNOTATIONS } from '#core/contract/names.ts';
import { podQuota } from '#host/cluster/memory/admission.ts';
import { evictByApi, evictByTaint, markNotReady } from '#host/cluster/memory/disruption.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { ROOT } from '../build/paths.ts';
import type { Hosts } from './hosts.ts';
import { type Manifest, NAMESPACE, readManifests } from './manifests.ts';
import type { Happening, Moment, Timed } from './scenario.ts';
import type { Tell } from './screen.ts';

/** As long as kubectl takes for an object: who refers to what comes later waits for it. */
const APPLY_EVERY_MS = 50;
/** So long after a kubelet was last heard of, its Pods count as not ready. */
const NOT_READY_MS = 40_000;

/** Makes happen what a scenario says, and tells it. */
export class Stage {
  readonly #world: World;
  readonly #hosts: Hosts;
  readonly #tell: Tell;
  /** Happenings, and objects to be applied, that are still to come. */
  #open = 0;
  #endQuota = (): void => {};

  constructor(world: World, hosts: Hosts, tell: Tell) {
    this.#world = world;
    this.#hosts = hosts;
    this.#tell = tell;
  }

  /** Whether all has happened that was to. */
  get isDone(): boolean {
    return this.#open === 0;
  }

  play(happenings: readonly Timed[]): void {
    for (const { at, happening } of happenings) this.#at(at, () => this.#perform(happening));
  }

  #at(moment: Moment, run: () => void): void {
    const { clock, server } = this.#world;
    this.#open += 1;
    const done = (): void => {
      this.#open -= 1;
      run();
    };
    if (moment.type === 'After') {
      clock.after(moment.ms, done);
      return;
    }
    const unlisten = server.store.listen(moment.kind, ({ object }) => {
      if (object.metadata.name !== moment.name || object.status?.phase !== moment.phase) return;
      unlisten();
      clock.after(moment.afterMs, done);
    });
  }

  #perform(happening: Happening): void {
    const { server, outages, clock, client } = this.#world;
    const you = (command: string): void => this.#tell('you', `$ ${command}`, 'bold');
    switch (happening.type) {
      case 'Apply':
        you(happening.command);
        this.#apply(happening.objects);
        break;
      case 'ApplyFolder':
        you(`kubectl apply -f ${happening.folder}`);
        this.#apply(readManifests(`${ROOT}${happening.folder}`, NAMESPACE));
        break;
      case 'StopTask': {
        you(`kubectl annotate task ${happening.name} ${ANNOTATIONS.stop}=true`);
        const patch = { metadata: { annotations: { [ANNOTATIONS.stop]: 'true' } } };
        void client('you').patch({ kind: 'Task', namespace: NAMESPACE, name: happening.name }, patch, { patchType: 'merge' });
        break;
      }
      case 'Drain': {
        you(`kubectl drain ${happening.node} --ignore-daemonsets --delete-emptydir-data`);
        const there = server.store.sorted('Pod').filter(({ spec, status }) => {
          return (spec as { nodeName?: string }).nodeName === happening.node && status?.phase === 'Running';
        });
        for (const { metadata } of there) evictByApi(server, { kind: 'Pod', namespace: NAMESPACE, name: metadata.name });
        break;
      }
      case 'DeletePod':
        you(`kubectl delete pod ${happening.name} --wait=false`);
        void client('you').delete({ kind: 'Pod', namespace: NAMESPACE, name: happening.name }, {});
        break;
      case 'Logs':
        you(`kubectl logs ${happening.pod} -c agent`);
        void this.#logs(happening.pod);
        break;
      case 'CutOff':
        this.#tell(happening.node, 'is cut off: nobody hears its kubelet, and what runs there goes on', 'yellow');
        outages.begin(happening.node);
        clock.after(NOT_READY_MS, () => {
          if (outages.isOut(happening.node)) markNotReady(server, happening.node);
        });
        break;
      case 'GiveUp':
        this.#tell(happening.node, 'is given up: the taint manager deletes its Pods, and nobody there hears of it', 'yellow');
        evictByTaint(server, happening.node);
        break;
      case 'Back':
        this.#tell(happening.node, 'is back', 'yellow');
        outages.end(happening.node);
        break;
      case 'Quota':
        you(happening.hard === null ? 'kubectl delete resourcequota pods' : `kubectl apply -f quota.yaml   # pods: ${happening.hard}`);
        this.#endQuota();
        this.#endQuota = happening.hard === null ? () => {} : server.addAdmission(podQuota(happening.hard));
        break;
      case 'CrashBeforeStatus':
        this.#hosts.doomBeforeStatus(happening.task);
        break;
    }
  }

  #apply(objects: readonly Manifest[]): void {
    for (const [index, manifest] of objects.entries()) {
      this.#at({ type: 'After', ms: index * APPLY_EVERY_MS }, () => this.#world.apply(manifest));
    }
  }

  async #logs(pod: string): Promise<void> {
    const answer = await this.#world.client('you').logs({ kind: 'Pod', namespace: NAMESPACE, name: pod }, { container: 'agent' });
    const text = answer.ok ? answer.value.trimEnd() : `Error from server: ${answer.error.message}`;
    for (const line of text.split('\n')) this.#tell('you', `  ${line}`, answer.ok ? 'dim' : 'red');
  }
}
