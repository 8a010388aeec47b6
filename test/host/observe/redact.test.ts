import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact, redactText } from '#host/observe/redact.ts';

const CANARY = 'canary-5f2b9c';

test.each([
  ['an environment variable', { env: [{ name: 'ANTHROPIC_API_KEY', value: CANARY }] }],
  ['a variable in lower case', { env: [{ name: 'github_token', value: CANARY }] }],
  ['a key of a map', { data: { password: CANARY } }],
  ['a header', { headers: { Authorization: CANARY } }],
  ['a copied manifest', { metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"a":"${CANARY}"}` } } }],
  ['a JSON text', { config: `{"provider":{"options":{"apiKey": "${CANARY}"}}}` }],
  ['a JSON text with escapes', { config: `{"accessToken":"a\\"${CANARY}"}` }],
  ['a shell text', { command: ['sh', '-c', `export GH_TOKEN=${CANARY}; run`] }],
  ['a quoted shell value', { args: [`DB_PASSWORD='x ${CANARY}' run`] }],
  ['a URL', { proxy: { httpProxy: `http://user:${CANARY}@proxy:3128` } }],
  ['a bearer token', { message: `refused: Authorization: Bearer ${CANARY}` }],
  ['a header without scheme', { log: `> Authorization: ${CANARY}` }],
  ['a header of another scheme', { log: `curl -H "authorization: token ${CANARY}" https://api` }],
  ['a header with a key', { log: `x-api-key: ${CANARY}` }],
  ['a header with a token', { log: `PRIVATE-TOKEN:${CANARY}` }],
  ['a cookie', { log: `set-cookie: session=${CANARY}; HttpOnly` }],
  ['an option', { log: `docker login --password ${CANARY} registry` }],
  ['an option with an equals sign', { log: `run --api-key="${CANARY} x" now` }],
  ['a line of YAML', { log: `apiKey: ${CANARY}` }],
  ['a private key', { text: `-----BEGIN RSA PRIVATE KEY-----\n${CANARY}\n-----END RSA PRIVATE KEY-----` }],
  ['a cut private key', { text: `-----BEGIN PRIVATE KEY-----\n${CANARY}` }],
])('a secret in %s is blotted out', (_name, value) => {
  const redacted = redact(value);
  expect(JSON.stringify(redacted.value)).not.toContain(CANARY);
  expect(redacted.count).toBe(1);
});

test.each([
  'ghp_0123456789abcdefghij0123',
  'github_pat_0123456789abcdefghij0123',
  'glpat-0123456789abcdefghij',
  `sk-${'a1'.repeat(12)}`,
  'xoxb-1234567890-abcdef',
  'AKIAIOSFODNN7EXAMPLE',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl',
])('the form of %s is known', (token) => expect(redactText(`before ${token} after`)).toBe('before *** after'));

test.each([
  [
    'names of Secrets',
    { credentials: [{ name: 'github', secretRef: { name: 'github-token', key: 'token' } }], imagePullSecrets: [{ name: 'pull' }] },
  ],
  ['volumes from Secrets', { volumes: [{ name: 'c', secret: { secretName: 'github-token', items: [{ key: 'token', path: 'token' }] } }] }],
  ['counts of tokens', { tokenUsage: { input: 5, output: 7 }, tokens: '12' }],
  [
    'ordinary variables',
    {
      env: [
        { name: 'WORKSPACE_DIR', value: '/workspace' },
        { name: 'TOKENIZER', value: 'fast' },
      ],
    },
  ],
  ['prose', { description: 'Rotate the API key and the password of the registry, then run the tests.' }],
  [
    'words about headers',
    { description: 'The authorization: it is checked. The token: a word. The cookie: none. Use --token to pass it.' },
  ],
  ['URLs with a port', { url: 'http://agent.ns.svc:4096/session?search=a' }],
])('%s stay', (_name, value) => {
  const redacted = redact(value);
  expect(redacted.value).toBe(value);
  expect(redacted.count).toBe(0);
});

describe('properties', () => {
  test('twice is as good as once, and shapes stay', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const once = redact(value).value;
        expect(redact(once).value).toEqual(once);
        expect(shape(once)).toEqual(shape(value));
      }),
    );
  });

  test('a canary under a secret name never survives, wherever it stands', () => {
    const secretName = fc.constantFrom('API_KEY', 'token', 'DB_PASSWORD', 'clientSecret', 'x-api-key', 'AWS_SECRET_ACCESS_KEY');
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        secretName.map((name) => ({ name, value: CANARY })),
        secretName.map((name) => ({ [name]: CANARY })),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie('node'), { maxKeys: 3 }),
      ),
    })).node;
    fc.assert(fc.property(tree, (value) => !JSON.stringify(redact(value).value).includes(CANARY)));
  });

  test('a long text does not make it slow', () => {
    const startedMs = performance.now();
    redactText(`${'a'.repeat(200_000)} ${'"token'.repeat(5_000)} ${'://x:'.repeat(5_000)} ${'eyJ'.repeat(20_000)}`);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  // What an agent writes is anybody's word, and as long as a log may be. Where each place is looked at to the end, one of these takes minutes.
  test.each([
    'a.',
    'a-',
    'a+',
    '-eyJ',
    '-eyJaaaaaaaaa.aaaaaaaa',
    'a://b:',
    'a:',
    'basic ',
    'TOKEN',
    '_TOKEN',
    '"token" ',
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY-----',
    'Authorization: ',
    'authorization:',
    'token: ',
    '--token ',
    '-token',
    'cookie:a',
    'x-api-',
    'sk-',
    '\\"',
    ' ',
  ])('%j over and over neither', (piece) => {
    const text = piece.repeat(Math.ceil(524_288 / piece.length));
    const startedMs = performance.now();
    redactText(text);
    redactText(`"token":"${text}`);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value === 'object' && value !== null) return Object.entries(value).map(([key, item]) => [key, shape(item)]);
  return typeof value;
}
