import { describe, expect, it } from 'vitest';
import { runDemo } from '#scripts/demo/run-demo.ts';
import { sourceEngine } from '#test/support/source-engine.ts';

async function demo(): Promise<{ readonly faults: readonly string[]; readonly text: string; readonly waitedMs: number }> {
  let text = '';
  let waitedMs = 0;
  const faults = await runDemo({
    engine: sourceEngine,
    isColored: false,
    speed: 5,
    write: (part) => {
      text += part;
    },
    wait: async (ms) => {
      waitedMs += ms;
    },
  });
  return { faults, text, waitedMs };
}

describe('npm start', () => {
  it('shows Tasks that complete, fail, are stopped, and queue before they run', async () => {
    const { faults, text, waitedMs } = await demo();
    expect(faults).toEqual([]);
    expect(text).toMatch(/hello +Running\n/);
    expect(text).toMatch(/hello +Completed\n/);
    expect(text).toMatch(/failing +Failed \(Application\)/);
    expect(text).toMatch(/you +kubectl annotate task endless kubeopencode\.io\/stop=true\n/);
    expect(text).toMatch(/endless +Completed \(stopped\)/);
    expect(text).toMatch(/review-2 +Queued: .*\n[\s\S]*review-2 +Running\n[\s\S]*review-2 +Completed\n/);
    expect(text).toMatch(/TASK +END +CAUSE +QUEUED +RAN +POD\n/);
    expect(waitedMs).toBeLessThan(30_000);
  });

  it('tells the same story each time', async () => {
    expect((await demo()).text).toBe((await demo()).text);
  });
});
