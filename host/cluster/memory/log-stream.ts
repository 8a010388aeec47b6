import type { Cancel } from '../../clock.ts';
import type { Address, LogPiece } from '../cluster.ts';
import type { ApiServer } from './api-server.ts';
import type { Change } from './object-store.ts';

/** How often a reader looks for more. Source: kubernetes pkg/kubelet/kuberuntime/logs, stateCheckPeriod is of that order. */
const LOOK_EVERY_MS = 1_000;

/** What a container has written so far, and whether more can come. */
export interface WrittenLog {
  readonly text: string;
  readonly isOver: boolean;
}

/**
 * What comes to a container's log after it was opened, until the container has ended or its Pod is gone. Its reader has the file open, so a Pod that is
 * deleted meanwhile takes nothing from it.
 */
export class LogStream {
  readonly #server: ApiServer;
  readonly #address: Address;
  readonly #uid: string | undefined;
  readonly #container: string;
  readonly #stopListening: () => void;
  #seen = 0;
  #ready: string[] = [];
  #isOver = false;
  #wake: () => void = () => {};

  constructor(server: ApiServer, address: Address, container: string) {
    this.#server = server;
    this.#address = address;
    this.#uid = server.find(address)?.metadata.uid;
    this.#container = container;
    this.#stopListening = server.store.listen('Pod', (change) => this.#onChange(change));
    this.#look();
    // What was there at the opening is its answer.
    this.#ready = [];
  }

  async *pieces(signal: AbortSignal): AsyncGenerator<LogPiece> {
    try {
      while (!signal.aborted) {
        this.#look();
        const ready = this.#ready.splice(0).join('');
        if (ready !== '') yield { type: 'TEXT', text: ready };
        else if (this.#isOver) return;
        else await this.#more(signal);
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    this.#stopListening();
  }

  #onChange({ object }: Change): void {
    if (object.metadata.uid !== this.#uid) return;
    this.#look();
    this.#wake();
  }

  #look(): void {
    if (this.#isOver) return;
    const pod = this.#server.find(this.#address);
    const written = pod?.metadata.uid === this.#uid ? this.#server.writtenLog(this.#address, this.#container) : undefined;
    this.#isOver = written === undefined || written.isOver;
    if (written === undefined || written.text.length <= this.#seen) return;
    this.#ready.push(written.text.slice(this.#seen));
    this.#seen = written.text.length;
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let cancel: Cancel = () => {};
      const end = (): void => {
        cancel();
        this.#wake = () => {};
        signal.removeEventListener('abort', end);
        resolve();
      };
      cancel = this.#server.clock.after(LOOK_EVERY_MS, end);
      this.#wake = end;
      signal.addEventListener('abort', end, { once: true });
    });
  }
}
