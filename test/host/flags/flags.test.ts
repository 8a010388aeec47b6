import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress, parseDurationMs, parseSizeBytes } from '#host/flag-values.ts';
import { type HostConfig, parseFlags, variableOf } from '#host/flags.ts';

function parse(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return parseFlags(args, env, '1.2.3');
}

function config(args: readonly string[], env: Readonly<Record<string, string>> = {}): HostConfig {
  const parsed = parse(args, env);
  if (parsed.type !== 'Run') throw new Error(JSON.stringify(parsed));
  return parsed.config;
}

test('without a word: the defaults that the README names', () => {
  expect(config([])).toEqual({
    namespaces: [],
    leaderElection: {
      enabled: false,
      leaseName: 'task-controller.kubeopencode.io',
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
    },
    metricsAddress: { host: '', port: 8080 },
    metricsAuth: false,
    debugAddress: 'off',
    coreWatchIntervalMs: 0,
    healthAddress: { host: '', port: 8081 },
    logLevel: 'info',
    unreachableAfterSeconds: 300,
    referenceGraceSeconds: 60,
    maxConcurrentReconciles: 32,
    releasePods: false,
  });
});

test.each<[flag: string, args: string[], value: string, expected: Partial<HostConfig>]>([
  ['kubeconfig', ['--kubeconfig', '/k'], '/k', { kubeconfig: '/k' }],
  ['context', ['--context=kind'], 'kind', { context: 'kind' }],
  ['namespace', ['-n', 'a', '--namespace', 'b', '-nc'], 'a,b, c', { namespaces: ['a', 'b', 'c'] }],
  ['label-selector', ['--label-selector', 'team in (a, b)'], 'team in (a, b)', { labelSelector: 'team in (a, b)' }],
  ['metrics-bind-address', ['--metrics-bind-address', '0'], '0', { metricsAddress: 'off' }],
  [
    'health-probe-bind-address',
    ['--health-probe-bind-address=127.0.0.1:0'],
    '127.0.0.1:0',
    { healthAddress: { host: '127.0.0.1', port: 0 } },
  ],
  ['debug-bind-address', ['--debug-bind-address', '127.0.0.1:8082'], '127.0.0.1:8082', { debugAddress: { host: '127.0.0.1', port: 8082 } }],
  ['core', ['--core', 'c.wasm'], 'c.wasm', { core: 'c.wasm' }],
  ['core-digest', ['--core-digest', `sha256:${'a'.repeat(64)}`], `sha256:${'a'.repeat(64)}`, { coreDigest: `sha256:${'a'.repeat(64)}` }],
  ['log-level', ['--log-level', 'debug'], 'debug', { logLevel: 'debug' }],
  ['journal', ['--journal', '/j'], '/j', { journal: { folder: '/j', maxSizeBytes: 268_435_456 } }],
  ['unreachable-after', ['--unreachable-after', '90s'], '1m30s', { unreachableAfterSeconds: 90 }],
  ['reference-grace', ['--reference-grace', '0'], '0s', { referenceGraceSeconds: 0 }],
  ['max-concurrent-reconciles', ['--max-concurrent-reconciles', '4'], '4', { maxConcurrentReconciles: 4 }],
])('--%s and its variable', (flag, args, value, expected) => {
  expect(config(args)).toMatchObject(expected);
  expect(config([], { [variableOf(flag)]: value })).toMatchObject(expected);
});

test.each([
  [['--leader-elect'], true],
  [['--leader-elect=true'], true],
  [['--leader-elect=false'], false],
  [['--leader-elect', '--log-level', 'warn'], true],
])('%j', (args, enabled) => expect(config(args).leaderElection.enabled).toBe(enabled));

test('metrics for those who may read them, over HTTPS or on this machine alone', () => {
  const tls = ['--metrics-tls-cert-file=c', '--metrics-tls-key-file=k'];
  expect(config(['--metrics-auth', ...tls])).toMatchObject({ metricsAuth: true, metricsTls: { certFile: 'c', keyFile: 'k' } });
  expect(config(['--metrics-auth', '--metrics-bind-address=127.0.0.1:0'])).toMatchObject({ metricsAuth: true });
  expect(parse(['--metrics-auth'])).toMatchObject({ faults: [expect.stringContaining('would cross the network as plain text')] });
  expect(parse(['--metrics-tls-cert-file=c'])).toMatchObject({ faults: [expect.stringContaining('want both, or neither')] });
});

test('a core from a registry has to be pinned', () => {
  const pinned = `oci://registry.example:5000/team/core@sha256:${'a'.repeat(64)}`;
  expect(config([`--core=${pinned}`, `--shadow-core=${pinned}`])).toMatchObject({ core: pinned, shadowCore: pinned });
  expect(config(['--core=oci://r.example/core:v1', `--core-digest=sha256:${'b'.repeat(64)}`])).toMatchObject({
    core: 'oci://r.example/core:v1',
  });
  expect(parse(['--core=oci://r.example/core:v1', '--shadow-core=oci://r.example/core'])).toMatchObject({
    faults: [expect.stringContaining('--core: a tag may become another core'), expect.stringContaining('--shadow-core: a tag')],
  });
  expect(parse(['--core=oci://r.example/Core'])).toMatchObject({ faults: [expect.stringContaining('want a file, or oci://')] });
  expect(config(['--core-auth-file=a', '--core-cache=c', '--core-watch-interval=30s'])).toMatchObject({
    coreAuthFile: 'a',
    coreCache: 'c',
    coreWatchIntervalMs: 30_000,
  });
});

test.each([':8082', '0.0.0.0:8082', '10.1.2.3:8082', '127.0.0.1.evil.example:8082', '[::]:8082'])('/debug is not served at %s', (address) =>
  expect(parse([`--debug-bind-address=${address}`])).toMatchObject({ faults: [expect.stringContaining('want a loopback address')] }),
);

test('the election’s flags', () => {
  const args = ['--leader-elect', '--leader-elect-lease-name=l.example.com', '--leader-elect-namespace=ns'];
  const times = ['--leader-elect-lease-duration=30s', '--leader-elect-renew-deadline=20s', '--leader-elect-retry-period=500ms'];
  expect(config([...args, ...times]).leaderElection).toEqual({
    enabled: true,
    leaseName: 'l.example.com',
    leaseNamespace: 'ns',
    leaseDurationMs: 30_000,
    renewDeadlineMs: 20_000,
    retryPeriodMs: 500,
  });
});

test('a flag wins over its variable, an empty variable is none', () => {
  expect(config(['--log-level=warn'], { KUBEOPENCODE_LOG_LEVEL: 'debug', KUBEOPENCODE_CONTEXT: '' })).toMatchObject({ logLevel: 'warn' });
});

describe('faults name the flag or variable and the right form', () => {
  test.each<[args: string[], env: Record<string, string>, faults: string[]]>([
    [['--reference-grace', '1 hour'], {}, ['--reference-grace: "1 hour" is not right; want a duration such as 90s, 30m or 1h30m']],
    [[], { KUBEOPENCODE_LOG_LEVEL: 'loud' }, ['KUBEOPENCODE_LOG_LEVEL: "loud" is not right; want one of debug, info, warn, error']],
    [
      ['--metrics-bind-address', '8080'],
      {},
      ['--metrics-bind-address: "8080" is not right; want an address such as :8080, 127.0.0.1:8080 or [::1]:8080, or 0 for none'],
    ],
    [['--core-digest', 'abc'], {}, ['--core-digest: "abc" is not right; want sha256: and 64 hexadecimal digits']],
    [['-n', 'Team_A'], {}, ['--namespace: "Team_A" is not the name of a namespace; want one such as team-a']],
    [['--journal-max-size', '1GB'], {}, ['--journal-max-size: "1GB" is not right; want a size such as 64Mi, 1Gi or 1000000']],
    [['--max-concurrent-reconciles', '0'], {}, ['--max-concurrent-reconciles: "0" is not right; want a whole number from 1 to 1000']],
    [['--leader-elect=maybe'], {}, ['--leader-elect: "maybe" is not right; want true or false']],
    [
      ['--leader-elect', '--leader-elect-renew-deadline=15s'],
      {},
      ['--leader-elect: the lease duration must be longer than the renew deadline'],
    ],
    [['--what'], {}, ["unknown option '--what'"]],
    [['--log-levl', 'info'], {}, ["unknown option '--log-levl'\n(Did you mean --log-level?)"]],
    [['extra'], {}, ['too many arguments. Expected 0 arguments but got 1: extra.']],
    [['--core'], {}, ["option '--core <FILE|oci://REF>' argument missing"]],
  ])('%j %j', (args, env, faults) => expect(parse(args, env)).toEqual({ type: 'Faults', faults }));

  test('all at once', () => {
    expect(parse(['--log-level=loud', '--reference-grace=x'], { KUBEOPENCODE_JOURNAL_MAX_SIZE: 'y' })).toMatchObject({
      faults: [
        expect.stringContaining('KUBEOPENCODE_JOURNAL_MAX_SIZE'),
        expect.stringContaining('--log-level'),
        expect.stringContaining('--reference-grace'),
      ],
    });
  });
});

test('--version and --help print', () => {
  expect(parse(['--version'])).toEqual({ type: 'Print', text: '1.2.3\n' });
  const help = parse(['--help']);
  expect(help).toMatchObject({ type: 'Print', text: expect.stringContaining('--leader-elect-lease-duration <DURATION>') });
  expect(help).toMatchObject({ text: expect.stringMatching(/default:\s+:8081/) });
});

test('the config can’t be changed', () => {
  const frozen = config(['--journal=j', '-na']);
  for (const part of [frozen, frozen.leaderElection, frozen.namespaces, frozen.journal]) expect(Object.isFrozen(part)).toBe(true);
});

describe('values', () => {
  test.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['250ms', 250],
    ['0', 0],
  ])('duration %s', (text, value) => expect(parseDurationMs(text)).toEqual({ ok: true, value }));

  test.each(['', '1', '1 h', '-1s', 's', '1d', '1h 30m', '.5s'])('no duration: %j', (text) => expect(parseDurationMs(text).ok).toBe(false));

  test.each([
    ['1048576', 1_048_576],
    ['64Mi', 67_108_864],
    ['1k', 1_000],
  ])('size %s', (text, value) => expect(parseSizeBytes(text)).toEqual({ ok: true, value }));

  test.each([
    [':8080', { host: '', port: 8080 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['0', 'off'],
  ])('address %s', (text, value) => expect(parseAddress(text)).toEqual({ ok: true, value }));

  test.each(['', '8080', ':', ':65536', '::1:80', 'a b:80', '[x]:80', 'http://a:80'])('no address: %j', (text) =>
    expect(parseAddress(text).ok).toBe(false),
  );

  test('no parser throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const read of [parseDurationMs, parseSizeBytes, parseAddress]) read(text);
      }),
    );
  });
});
