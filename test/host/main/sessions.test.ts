import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realClock } from '#host/real-clock.ts';
import { createSessions } from '#host/sessions.ts';

const NEVER = new AbortController().signal;
const TITLE = 'kubeopencode/ns/fix/12345678';

/** A server that answers as OpenCode's does; `answers` by method and path. */
let server: Server;
let url: string;
let seen: string[];
let answers: Record<string, (() => { code?: number; body: unknown; headers?: Record<string, string> }) | 'hang'>;

beforeEach(async () => {
  seen = [];
  answers = {};
  server = createServer((request, response) => {
    const key = `${request.method} ${request.url?.split('?')[0]}`;
    seen.push(`${request.method} ${request.url}`);
    const answer = answers[key];
    if (answer === 'hang') return;
    const { code = 200, body, headers = {} } = answer?.() ?? { code: 404, body: 'not found' };
    response
      .writeHead(code, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function sessions(options: { timeoutMs?: number; maxAnswerBytes?: number } = {}) {
  return createSessions({ clock: realClock, fetch, ...options });
}

const listed = () => ({
  body: [
    { id: 'old', title: TITLE, time: { created: 1 } },
    { id: 'new', title: TITLE, time: { created: 2 }, summary: { files: 3, additions: 40, deletions: 5 } },
    { id: 'other', title: `${TITLE} (fork)`, time: { created: 9 } },
  ],
});

test('the newest session of exactly this title, summed over the assistant’s messages', async () => {
  const assistant = { role: 'assistant', cost: 0.1, tokens: { input: 10, output: 20, reasoning: 3, cache: { read: 100, write: 7 } } };
  answers['GET /session'] = listed;
  answers['GET /session/new/message'] = () => ({
    body: [{ info: { role: 'user', cost: 9 } }, { info: assistant }, { info: { ...assistant, cost: 0.2 } }, {}],
  });
  const result = await sessions().summary(`${url}/`, TITLE, NEVER);
  expect(result.ok && result.value).toEqual({
    id: 'new',
    title: TITLE,
    summary: {
      messageCount: 4,
      tokenUsage: { input: 20, output: 40, reasoning: 6, cache: 214 },
      cost: '0.300000',
      filesChanged: 3,
      additions: 40,
      deletions: 5,
    },
  });
  expect(seen[0]).toBe('GET /session?search=kubeopencode%2Fns%2Ffix%2F12345678');
});

test('abort is a POST to the session', async () => {
  answers['GET /session'] = listed;
  answers['POST /session/new/abort'] = () => ({ body: true });
  expect(await sessions().abort(url, TITLE, NEVER)).toEqual({ ok: true, value: null });
  expect(seen.at(-1)).toBe('POST /session/new/abort');
});

test('no session of that title is an answer, and nothing to abort', async () => {
  answers['GET /session'] = () => ({ body: [] });
  expect(await sessions().summary(url, TITLE, NEVER)).toEqual({ ok: true, value: null });
  expect(await sessions().abort(url, TITLE, NEVER)).toEqual({ ok: true, value: null });
  expect(seen.every((call) => call.startsWith('GET /session?'))).toBe(true);
});

test.each([
  ['an error', () => ({ code: 503, body: 'busy' }), { type: 'Refused', code: 503, message: expect.stringContaining('busy') }],
  ['no JSON', () => ({ body: '<html>' }), { type: 'Unreachable' }],
  ['something else than a list', () => ({ body: { sessions: [] } }), { type: 'Refused', code: 502 }],
  ['a redirect', () => ({ code: 302, body: '', headers: { location: 'http://169.254.169.254/' } }), { type: 'Unreachable' }],
])('a server that answers %s', async (_name, answer, error) => {
  answers['GET /session'] = answer;
  expect(await sessions().summary(url, TITLE, NEVER)).toMatchObject({ ok: false, error });
});

test('a server that never answers is given up after the timeout', async () => {
  answers['GET /session'] = 'hang';
  expect(await sessions({ timeoutMs: 50 }).summary(url, TITLE, NEVER)).toMatchObject({
    ok: false,
    error: { type: 'Unreachable', message: `GET ${url}/session?search=${encodeURIComponent(TITLE)}: no answer within 50 ms` },
  });
});

test('an endless answer is cut', async () => {
  answers['GET /session'] = () => ({ body: ['x'.repeat(2_000)] });
  expect(await sessions({ maxAnswerBytes: 1_000 }).summary(url, TITLE, NEVER)).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('longer than 1000 bytes') },
  });
});

test('the caller’s abort ends it', async () => {
  answers['GET /session'] = 'hang';
  const aborter = new AbortController();
  const call = sessions().summary(url, TITLE, aborter.signal);
  aborter.abort(new Error('leadership lost'));
  expect(await call).toMatchObject({ ok: false, error: { type: 'Unreachable', message: expect.stringContaining('leadership lost') } });
});

test.each(['file:///etc/passwd', 'agent.ns.svc:4096', '', 'ftp://a'])('%j is not asked', async (bad) => {
  expect(await sessions().summary(bad, TITLE, NEVER)).toMatchObject({ ok: false, error: { type: 'Refused', code: 400 } });
});
