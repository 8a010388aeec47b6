import { describe, expect, test } from 'vitest';
import type { LogPiece } from '#host/cluster/cluster.ts';
import type { Faults } from '#host/cluster/memory/faults.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';

const POD = { kind: 'Pod', namespace: 'default', name: 'p' } as const;

function newWorld(labels: Readonly<Record<string, string>>): World {
  const world = createWorld();
  const metadata = { name: 'p', namespace: 'default', labels, finalizers: ['example.org/held'] };
  const spec = { restartPolicy: 'Never', containers: [{ name: 'agent', image: 'a' }] };
  world.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec } as never);
  return world;
}

/** What a follower has got, and whether its stream has ended. */
function follow(world: World, options: { readonly tailLines?: number; readonly faults?: Faults } = {}) {
  const aborter = new AbortController();
  const got: string[] = [];
  const state = { got, isOver: false, end: () => aborter.abort(new Error('enough')) };
  const { faults, ...how } = options;
  const pieces = world.client('test', faults).followLogs(POD, { container: 'agent', ...how }, aborter.signal);
  const say = (piece: LogPiece): string => (piece.type === 'TEXT' ? piece.text : `${piece.error.type}: ${piece.error.message}`);
  void (async () => {
    for await (const piece of pieces) got.push(say(piece));
    state.isOver = true;
  })();
  return state;
}

const ENDED = 'agent: ended with exit code 143\n';
const NEVER = { 'sim.kubeopencode.io/outcome': 'never', 'sim.kubeopencode.io/stop-after': '2s' };

describe('a log that is followed', () => {
  test('comes as it is written, and ends with its container', async () => {
    const world = newWorld({ 'sim.kubeopencode.io/run-for': '10s' });
    await world.clock.advance(5_000);
    const log = follow(world);
    await world.clock.advance(1_000);
    expect(log).toMatchObject({ got: ['agent: started\n'], isOver: false });
    await world.clock.advance(20_000);
    expect(log).toMatchObject({ got: ['agent: started\n', 'agent: done\n'], isOver: true });
  });

  test('comes to its end although its Pod is deleted, of which nobody who asks later gets anything', async () => {
    const world = newWorld(NEVER);
    await world.clock.advance(5_000);
    const log = follow(world);
    world.server.delete(POD, {});
    await world.clock.advance(10_000);
    expect(log).toMatchObject({ got: ['agent: started\n', ENDED], isOver: true });
    const later = follow(world);
    await world.clock.advance(1_000);
    expect(later).toMatchObject({ got: [expect.stringMatching(/^unable to retrieve container logs for /)], isOver: true });
  });

  test('begins with the last lines, and gives what was there to the end where all is over', async () => {
    const world = newWorld({ 'sim.kubeopencode.io/run-for': '1s' });
    await world.clock.advance(60_000);
    const log = follow(world, { tailLines: 1 });
    await world.clock.advance(1);
    expect(log).toMatchObject({ got: ['agent: done\n'], isOver: true });
  });

  test('ends with its Pod', async () => {
    const world = newWorld(NEVER);
    await world.clock.advance(5_000);
    const log = follow(world);
    await world.clock.advance(100);
    world.server.patch(POD, { metadata: { finalizers: null } }, { patchType: 'merge' });
    world.server.delete(POD, { gracePeriodSeconds: 0 });
    await world.clock.advance(1_000);
    expect(log).toMatchObject({ got: ['agent: started\n'], isOver: true });
  });

  test('ends without a word for who has enough, or is refused', async () => {
    const world = newWorld(NEVER);
    await world.clock.advance(5_000);
    const log = follow(world);
    await world.clock.advance(100);
    log.end();
    await world.clock.idle();
    expect(log).toMatchObject({ got: ['agent: started\n'], isOver: true });
    const refused = follow(world, { faults: { onCall: () => ({ lose: { type: 'Unreachable', message: 'reset' } }) } });
    await world.clock.idle();
    expect(refused).toMatchObject({ got: ['Unreachable: reset'], isOver: true });
  });
});
