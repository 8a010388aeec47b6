import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { LineSplitter } from '#host/cluster/rest/lines.ts';
import type { ApiAccess } from '../../cluster/api.ts';

/** An object as a watch brings it, of any kind. */
export interface WatchedObject extends KubernetesObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export interface OpenWatch {
  /** Rejects when the watch can't go on. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

const AGAIN_MS = 250;
const MOST_FAILURES = 100;

/**
 * Tells of every object of a collection (`/api/v1/namespaces/a/pods`), those that are there first. An API server under load ends a watch whose reader is too slow,
 * and refuses one while its cache is behind: it is begun anew, and objects are told of again.
 */
export async function watchAll(access: ApiAccess, collection: string, onObject: (object: WatchedObject) => void): Promise<OpenWatch> {
  const agent = new Agent({ connect: { ca: access.certificateAuthority }, bodyTimeout: 0, allowH2: false });
  const open = async (): Promise<AsyncIterable<Buffer>> => {
    const answer = await request(`${access.server}${collection}?watch=1&timeoutSeconds=7200`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${access.token}`, accept: 'application/json', 'user-agent': 'kubeopencode-bench' },
    });
    if (answer.statusCode !== 200) throw new Error(`expected HTTP 200, came ${answer.statusCode}: ${await answer.body.text()}`);
    return answer.body;
  };
  let isClosed = false;
  const read = async (first: AsyncIterable<Buffer>): Promise<never> => {
    for (let failures = 0, body: AsyncIterable<Buffer> | undefined = first; ; ) {
      try {
        body ??= await open();
        const splitter = new LineSplitter();
        for await (const chunk of body) for (const line of splitter.push(chunk)) tell(line, onObject);
      } catch (error) {
        failures += 1;
        if (isClosed || failures === MOST_FAILURES) throw new Error(`watch ${collection}: ${String(error)}`);
      }
      body = undefined;
      await sleep(AGAIN_MS);
    }
  };
  const failed = read(await open());
  // Who waits for something else is told by `Promise.race`; nobody else need hear of it.
  failed.catch(() => {});
  return {
    failed,
    close: async () => {
      isClosed = true;
      await agent.destroy();
    },
  };
}

function tell(line: string, onObject: (object: WatchedObject) => void): void {
  const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: WatchedObject };
  if (type === 'ERROR') throw new Error(`expected it to go on, came ${JSON.stringify(object)}`);
  if (type !== 'DELETED') onObject(object);
}
