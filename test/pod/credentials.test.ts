import { describe, expect, test } from 'vitest';
import type { Credential } from '#core/api/agent-parts.ts';
import { built, mounts, refusal } from './support.ts';

const base = built({});

/** What a credential adds to a Pod without any. */
function added(credential: Credential) {
  const { main, pod } = built({ template: { credentials: [credential] } });
  return {
    mounts: mounts(main).filter((mount) => !mounts(base.main).includes(mount)),
    volumes: (pod.spec.volumes ?? []).filter(({ name }) => !base.volumes.includes(name)),
    env: (main.env ?? []).slice((base.main.env ?? []).length),
    envFrom: main.envFrom ?? [],
  };
}

const nothing = { mounts: [], volumes: [], env: [], envFrom: [] };
const tokenEnv = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } }];

describe('a credential', () => {
  test.each<[string, Credential, object]>([
    [
      'no key, a mount path: the Secret as a folder',
      { name: 'c', secretRef: { name: 's' }, mountPath: '/secrets' },
      {
        ...nothing,
        mounts: ['credential-0:/secrets'],
        volumes: [{ name: 'credential-0', secret: { secretName: 's', defaultMode: 0o600 } }],
      },
    ],
    [
      'no key, a mount path and a mode',
      { name: 'c', secretRef: { name: 's', key: '' }, mountPath: '/secrets', fileMode: 0o440 },
      {
        ...nothing,
        mounts: ['credential-0:/secrets'],
        volumes: [{ name: 'credential-0', secret: { secretName: 's', defaultMode: 0o440 } }],
      },
    ],
    [
      'no key, no mount path: every key as a variable',
      { name: 'c', secretRef: { name: 's' } },
      { ...nothing, envFrom: [{ secretRef: { name: 's' } }] },
    ],
    ['a key and env: that variable', { name: 'c', secretRef: { name: 's', key: 'token' }, env: 'TOKEN' }, { ...nothing, env: tokenEnv }],
    [
      'a key and a mount path: a file',
      { name: 'c', secretRef: { name: 's', key: 'token' }, mountPath: '/home/.token' },
      {
        ...nothing,
        mounts: ['credential-0:/home/.token#secret-file'],
        volumes: [
          {
            name: 'credential-0',
            secret: { secretName: 's', items: [{ key: 'token', path: 'secret-file', mode: 0o600 }], defaultMode: 0o600 },
          },
        ],
      },
    ],
    [
      'a key, env and a mount path: both',
      { name: 'c', secretRef: { name: 's', key: 'token' }, env: 'TOKEN', mountPath: '/home/.token', fileMode: 0o400 },
      {
        ...nothing,
        env: tokenEnv,
        mounts: ['credential-0:/home/.token#secret-file'],
        volumes: [
          {
            name: 'credential-0',
            secret: { secretName: 's', items: [{ key: 'token', path: 'secret-file', mode: 0o400 }], defaultMode: 0o400 },
          },
        ],
      },
    ],
    ['a key alone: nothing', { name: 'c', secretRef: { name: 's', key: 'token' } }, nothing],
  ])('%s', (_, credential, expected) => {
    expect(added(credential)).toEqual(expected);
  });

  test('gets a volume named by its place in the list, and reaches the agent container alone', () => {
    const { main, inits, volumes } = built({
      template: {
        credentials: [
          { name: 'a', secretRef: { name: 'a' } },
          { name: 'b', secretRef: { name: 'b' }, mountPath: '/b' },
        ],
      },
      task: { description: 'do it' },
    });
    expect(volumes).toContain('credential-1');
    expect(volumes).not.toContain('credential-0');
    expect(mounts(main)).toContain('credential-1:/b');
    expect(inits.flatMap(mounts).filter((mount) => mount.startsWith('credential'))).toEqual([]);
  });

  test('is given to the attached client too', () => {
    const { main } = built({ agent: { execution: 'Attach', credentials: [{ name: 'a', secretRef: { name: 'a' } }] } });
    expect(main.envFrom).toEqual([{ secretRef: { name: 'a' } }]);
  });

  test('env without a key, as older CRDs let it in, is refused', () => {
    const { reason, message } = refusal({ template: { credentials: [{ name: 'c', secretRef: { name: 's' }, env: 'TOKEN' }] } });
    expect(reason).toBe('AgentError');
    expect(message).toContain('credentials[0]: env can only be set when secretRef.key is specified');
  });
});
