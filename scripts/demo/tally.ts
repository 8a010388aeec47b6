import type { World } from '#host/cluster/memory/world.ts';

/** Counts the Pods of a world while it goes on. */
export class Tally {
  /** Names by UID, with the UID of the owner. */
  readonly #alive = new Map<string, { readonly name: string; readonly owner: string | undefined }>();
  readonly #doubles: (readonly string[])[] = [];
  #most = 0;

  constructor({ server }: World) {
    server.store.listen('Pod', ({ type, object: { metadata, status } }) => {
      const hasEnded = type === 'DELETED' || status?.phase === 'Succeeded' || status?.phase === 'Failed';
      if (hasEnded) this.#alive.delete(metadata.uid);
      else this.#alive.set(metadata.uid, { name: metadata.name, owner: metadata.ownerReferences?.[0]?.uid });
      this.#most = Math.max(this.#most, this.#alive.size);
      if (type === 'ADDED') this.#lookAt(metadata.ownerReferences?.[0]?.uid);
    });
  }

  /** Pods that lived at the same time. */
  get most(): number {
    return this.#most;
  }

  /** Names of the Pods of one owner that lived at the same time. */
  get doubles(): readonly (readonly string[])[] {
    return this.#doubles;
  }

  #lookAt(owner: string | undefined): void {
    const names = [...this.#alive.values()].filter((pod) => owner !== undefined && pod.owner === owner).map(({ name }) => name);
    if (names.length > 1) this.#doubles.push(names);
  }
}
