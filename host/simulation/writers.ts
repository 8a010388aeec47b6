import type { Admission } from '#host/cluster/memory/admission.ts';
import { type Change, keyOf } from '#host/cluster/memory/object-store.ts';
import type { World } from '#host/cluster/memory/world.ts';

/** Who has made each change: the store tells of it without its client, which admission alone is told. */
export class Writers {
  readonly #world: World;
  /** Who was the last to be admitted to write an object: a write happens at once after it is admitted. */
  readonly #admitted = new Map<
    string,
    { readonly client: string; readonly operation: string; readonly revision: number; readonly atMs: number }
  >();

  constructor(world: World) {
    this.#world = world;
  }

  /** To be added to the API server. */
  get admission(): Admission {
    return ({ client, operation, kind, namespace, name }) => {
      const { clock, server } = this.#world;
      const { revision } = server.store;
      this.#admitted.set(`${kind} ${keyOf(namespace, name)}`, { client, operation, revision, atMs: clock.now() });
      return undefined;
    };
  }

  /** Client of the write that made this change; `kubernetes`: one of its own components, which write past admission. */
  of({ type, revision, object: { kind, metadata } }: Change): string {
    const admitted = this.#admitted.get(`${kind} ${keyOf(metadata.namespace, metadata.name)}`);
    // What is admitted and refused then is no write.
    const isAdmitted = admitted?.atMs === this.#world.clock.now() && revision <= admitted.revision + 2;
    return isAdmitted && (type === 'ADDED') === (admitted.operation === 'create') ? admitted.client : 'kubernetes';
  }
}
