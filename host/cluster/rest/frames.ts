import type { WatchEvent } from '../cluster.ts';
import { decodeFrame } from './answers.ts';
import type { HttpAnswer } from './connection.ts';
import type { Deadline } from './deadline.ts';
import { LineSplitter } from './lines.ts';

/** Frames as they come; reading on waits until the reader asks for more. */
export async function* frames({ body }: HttpAnswer, idle: Deadline): AsyncGenerator<WatchEvent> {
  const splitter = new LineSplitter();
  for await (const chunk of body) {
    idle.pause();
    for (const line of splitter.push(chunk)) {
      const event = decodeFrame(line);
      if (event === undefined) throw new Error(`expected a frame of a watch, came: ${line.slice(0, 200)}`);
      yield event;
      if (event.type === 'ERROR') return;
    }
    idle.restart();
  }
}
