import { describe, expect, it } from 'vitest';
import { colored, plain } from '#plugin/io.ts';
import { parseStart } from '#scripts/demo/command-line.ts';
import type { Pace } from '#scripts/demo/pace.ts';
import { type DemoOptions, runDemo } from '#scripts/demo/run-demo.ts';
import { SCENARIOS, scenarioList } from '#scripts/demo/scenarios.ts';
import { sourceEngine } from '#test/support/source-engine.ts';

interface Told {
  readonly faults: readonly string[];
  readonly text: string;
  readonly waitedMs: number;
}

async function told(name: string, options: Partial<Pick<DemoOptions, 'paint' | 'columns' | 'pace'>> = {}): Promise<Told> {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  let text = '';
  let waitedMs = 0;
  const faults = await runDemo(scenario, {
    engine: sourceEngine,
    paint: plain,
    columns: undefined,
    pace: { type: 'Max' },
    ...options,
    write: (part) => {
      text += part;
    },
    wait: async (ms) => {
      waitedMs += ms;
    },
  });
  return { faults, text, waitedMs };
}

/** Some lines of the timeline, in this order, whatever lies between. */
function inOrder(...lines: readonly string[]): RegExp {
  return new RegExp(lines.join('\\n[\\s\\S]*'));
}

const NO_FAULTS = /✔ Every Task ended as it should, none had two Pods at once, nothing is left\.\n$/;

describe.each(SCENARIOS.map(({ name }) => name))('the story %s', (name) => {
  it('comes out as it should, in seconds, and the same each time', async () => {
    const pace = startOf('--scenario', name).pace;
    const [once, again] = [await told(name, { pace }), await told(name)];
    expect(once.faults).toEqual([]);
    expect(once.text).toMatch(NO_FAULTS);
    expect(once.text).toBe(again.text);
    expect(once.waitedMs).toBeLessThan(20_000);
    expect(again.waitedMs).toBe(0);
  });

  it.each([80, 120])('fits %i columns', async (columns) => {
    const { text } = await told(name, { columns });
    expect(text.split('\n').filter((line) => line.length > columns)).toEqual([]);
  });
});

describe('the timeline', () => {
  it('of tour has a Task that waits, one that completes, fails, is stopped, and queues', async () => {
    const { text } = await told('tour');
    expect(text).toMatch(inOrder('hello +▶ Running', '.* hello +✔ Completed'));
    expect(text).toMatch(/failing +✖ Failed \(Application\)/);
    expect(text).toMatch(
      inOrder(
        'persistent +○ Pending \\(Application\\): attempt 1 failed: .*; the next starts at .*',
        '.* persistent +pod persistent-pod-2 is created',
        '.* persistent +✖ Failed \\(Application\\)',
      ),
    );
    expect(text).toMatch(
      inOrder('you +\\$ kubectl annotate task endless kubeopencode\\.io/stop=true', '.* endless +■ Completed \\(stopped\\)'),
    );
    expect(text).toMatch(inOrder('review-2 +○ Queued: .*', '.* review-urgent +▶ Running', '.* review-2 +▶ Running'));
    expect(text).toMatch(/\nTASK +END +CAUSE +QUEUED +RAN +POD\n/);
    expect(text).toMatch(
      /\n8 Tasks: 5 Completed, 2 Failed, 1 Stopped; 2 of them queued first\.\n\d+ writes \(\d\.\d a Task\) and \d+ Events\.\n/,
    );
  });

  it('of queue lets the urgent ones overtake', async () => {
    expect((await told('queue')).text).toMatch(inOrder('urgent-2 +○ Queued.*', '.* urgent-2 +▶ Running', '.* task-08 +▶ Running'));
  });

  it('of stop shows that a kept Pod still has its logs', async () => {
    const { text } = await told('stop');
    expect(text).toMatch(/\$ kubectl logs kept-pod -c agent\n.*agent: started/);
    expect(text).toMatch(/\$ kubectl logs plain-pod -c agent\n.*pods "plain-pod" not found/);
    expect(text).toMatch(inOrder('.* deaf +pod is to end: .*', '.* deaf +pod has ended: Failed, DeadlineExceeded, exit code 137'));
  });

  it('of drain has a Pod that succeeded and a Task that did not', async () => {
    expect((await told('drain')).text).toMatch(
      inOrder('.*saves +pod has ended: Succeeded, exit code 0', '.* saves +✖ Failed \\(Evicted\\)'),
    );
  });

  it('of quota waits with what the API server said', async () => {
    expect((await told('quota')).text).toMatch(
      inOrder(
        '.*three +○ Pending: .*exceeded quota.*',
        '.*three +host is refused \\(403 Forbidden\\), and will try again',
        '.* three +▶ Running',
      ),
    );
  });

  it('of crash goes on with another host', async () => {
    expect((await told('crash')).text).toMatch(
      inOrder('.*half-pod is created', '.*host-1 +✖ dies, about to write the status of half', '.*host-2 +leads.*', '.* half +✔ Completed'),
    );
  });

  it('of node-lost says that containers may still run, and cuts the silence short', async () => {
    expect((await told('node-lost')).text).toMatch(
      inOrder(
        ' +: 5 min 30 s later',
        '.*gone +✖ Failed \\(NodeLost\\).*its containers may still run',
        '.*node-3 +is back',
        '.*gone +pod is gone',
      ),
    );
  });

  it('has colour and a last line of how things stand on a terminal, and neither elsewhere', async () => {
    const csi = '\u001b[';
    expect((await told('queue')).text).not.toContain(csi);
    const { text } = await told('queue', { paint: colored, columns: 100, pace: { type: 'Steady', speed: 10 } });
    expect(text).toContain(`${csi}32m✔ Completed${csi}39m`);
    expect(text).toContain('▶ 3 running');
    expect(text).toMatch(/▶ 3 running {2}✔ \d+ completed/);
  });

  it('takes as long as it says at a steady speed', async () => {
    const { waitedMs } = await told('stop', { pace: { type: 'Steady', speed: 2 } });
    expect(waitedMs).toBeGreaterThan(10_000);
    expect(waitedMs).toBeLessThan(14_000);
  });
});

function startOf(...args: readonly string[]): { readonly name: string; readonly pace: Pace } {
  const request = parseStart(args, () => {});
  if (request.type !== 'Demo') throw new Error(`expected a demo, got ${request.type}`);
  return { name: request.scenario.name, pace: request.pace };
}

describe('the command line', () => {
  it.each<[string, string, Pace]>([
    ['', 'tour', { type: 'Brisk', speed: expect.any(Number), maxPauseMs: expect.any(Number) }],
    ['--speed 1x', 'tour', { type: 'Steady', speed: 1 }],
    ['--scenario crash --speed=2.5', 'crash', { type: 'Steady', speed: 2.5 }],
    ['--speed max --scenario node-lost', 'node-lost', { type: 'Max' }],
    ['--speed 0', 'tour', { type: 'Max' }],
  ])('%s', (line, name, pace) => expect(startOf(...line.split(' ').filter((word) => word !== ''))).toEqual({ name, pace }));

  it('leaves the flags of the host to the host', () => {
    expect(parseStart(['--kubeconfig', 'file'], () => {})).toEqual({ type: 'Host' });
  });

  it.each([
    ['--scenario nowhere', /Allowed choices are tour, queue, stop, drain, quota, crash, node-lost/],
    ['--speed slow', /want a number such as 1x/],
    ['--speed 2x --kubeconfig file', /unknown option '--kubeconfig'/],
  ])('refuses: %s', (line, why) => {
    let err = '';
    const request = parseStart(line.split(' '), (text) => {
      err += text;
    });
    expect(request).toEqual({ type: 'Told', exitCode: 1 });
    expect(err).toMatch(why);
  });

  it('lists every story', () => {
    expect(parseStart(['--list'], () => {})).toEqual({ type: 'List' });
    for (const { name, title } of SCENARIOS) expect(scenarioList()).toContain(`  ${name.padEnd(9)}  ${title}\n`);
  });
});
