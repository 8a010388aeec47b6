import { describe, expect, test } from 'vitest';
import { cutText } from '#core/task/text.ts';
import { redactText } from '#host/observe/redact.ts';
import { CREATED, exited, pod, running, snapshot, task } from '#test/support/builders.ts';
import { decided } from '#test/support/decide.ts';

const CANARY = 'canary-5f2b9c';

describe('a text for people', () => {
  test.each([
    ['as it is', 'as it is'],
    [
      'failed to do request: Head "https://robot:s3cret@registry.example.org/v2/a": EOF',
      'failed to do request: Head "https://***@registry.example.org/v2/a": EOF',
    ],
    ['proxy http://:s3cret@proxy:3128 and https://a:b@c/d', 'proxy http://***@proxy:3128 and https://***@c/d'],
    ['see https://example.org:8443/a@b and ssh://git@github.com/a', 'see https://example.org:8443/a@b and ssh://git@github.com/a'],
  ])('%s', (text, shown) => {
    expect(cutText(text, 1_000)).toBe(shown);
    expect(cutText(shown, 1_000)).toBe(shown);
  });

  test('is cut without half a character, and after the password is gone', () => {
    expect(cutText('abcdef', 4)).toBe('abc…');
    expect(cutText('ab😀def', 4)).toBe('ab…');
    expect(cutText(`https://user:${'s'.repeat(50)}@host/path`, 20)).toBe('https://***@host/pa…');
  });

  test('is no place for what the journal blots out of a URL', () => {
    const text = `https://user:${CANARY}@host/path`;
    expect(redactText(text)).toBe(cutText(text, 1_000));
  });
});

describe('the password of a registry in a kubelet’s message', () => {
  const message = `failed to resolve reference: Head "https://robot:${CANARY}@registry.example.org/v2/a/manifests/v1": 401 Unauthorized`;
  const kept = pod({
    phase: 'Pending',
    status: {
      startTime: CREATED,
      conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: CREATED }],
      initContainerStatuses: [{ name: 'opencode-init', state: exited(0) }],
      containerStatuses: [{ name: 'agent', state: { waiting: { reason: 'ErrImagePull', message } } }],
    },
  });
  const ended = pod({ phase: 'Failed', agent: exited(1, { message: `could not push to https://robot:${CANARY}@git.example.org/a` }) });

  test.each([
    ['that waits', kept],
    ['that has ended', ended],
  ])('of a Pod %s reaches neither status nor Event', (_, made) => {
    const { actions } = decided(snapshot({ task: task({ status: running() }), pods: [made] }));
    expect(actions.map(({ type }) => type)).toEqual(expect.arrayContaining(['Patch', 'Event']));
    expect(JSON.stringify(actions)).not.toContain(CANARY);
    expect(JSON.stringify(actions)).toContain('https://***@');
  });
});
