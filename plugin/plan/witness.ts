import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Address, PatchOptions, Result } from '#host/cluster/cluster.ts';
import type { ApiServer } from '#host/cluster/memory/api-server.ts';
import { answered, MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import { quietPods } from './quiet-pods.ts';

/** Called with an object as it stood just before a patch, and just after. */
export type OnPatched = (address: Address, before: KubernetesObject, after: KubernetesObject) => void;

/** The way to the memory cluster that tells what each patch changed. */
export class WitnessedCluster extends MemoryCluster {
  readonly #server: ApiServer;
  readonly #onPatched: OnPatched;

  constructor(server: ApiServer, client: string, onPatched: OnPatched) {
    super(server, { client, faults: quietPods() });
    this.#server = server;
    this.#onPatched = onPatched;
  }

  override async patch(
    address: Address,
    patch: Readonly<Record<string, unknown>>,
    options: PatchOptions,
    signal?: AbortSignal,
  ): Promise<Result<KubernetesObject>> {
    const before = this.#server.find(address);
    const { answer, ...rest } = options;
    const result = await super.patch(address, patch, rest, signal);
    if (result.ok && before !== undefined) this.#onPatched(address, before, result.value);
    return answered(result, answer);
  }
}
