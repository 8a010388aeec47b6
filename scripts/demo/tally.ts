import type { World } from '#host/cluster/memory/world.ts';

/** Counts the Pods of a world while it goes on. */
export class Tally {
  readonly #alive = new Set<string>();
  /** Pods that were ever created, by the UID of their owner. */
  readonly #made = new Map<string, string[]>();
  #most = 0;

  constructor({ server }: World) {
    server.store.listen('Pod', ({ type, object: { metadata, status } }) => {
      const hasEnded = type === 'DELETED' || status?.phase === 'Succeeded' || status?.phase === 'Failed';
      if (hasEnded) this.#alive.delete(metadata.uid);
      else this.#alive.add(metadata.uid);
      this.#most = Math.max(this.#most, this.#alive.size);
      const owner = metadata.ownerReferences?.[0]?.uid;
      if (type === 'ADDED' && owner !== undefined) this.#made.set(owner, [...(this.#made.get(owner) ?? []), metadata.name]);
    });
  }

  /** Pods that lived at the same time. */
  get most(): number {
    return this.#most;
  }

  /** Names of the Pods of each owner that had more than one. */
  get doubles(): readonly (readonly string[])[] {
    return [...this.#made.values()].filter(({ length }) => length > 1);
  }
}
