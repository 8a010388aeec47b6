import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../support/certificates.ts';

/** A git host over HTTPS with a certificate that nobody knows, and one user. */
export interface GitServer {
  /** `https://127.0.0.1:…/`, with a slash behind it. */
  readonly url: string;
  /** PEM file of the authority that it is certified by. */
  readonly caFile: string;
  readonly user: { readonly name: string; readonly password: string };
  /** Requests so far that came without the right password, and with it. */
  readonly requests: () => { readonly refused: number; readonly allowed: number };
  /** `repo.git` has two commits on main, a branch, a tag and the submodule `part.git`. */
  readonly commits: { readonly first: string; readonly second: string; readonly branch: string };
  readonly close: () => Promise<void>;
}

const USER = { name: 'robot', password: 'p@ss:word/1 x' };

/** Serves repositories by git's own `http-backend`. */
export async function startGitServer(): Promise<GitServer> {
  const folder = mkdtempSync(join(tmpdir(), 'git-server-'));
  const { ca, server: certificate } = makeCertificates();
  const caFile = join(folder, 'ca.crt');
  writeFileSync(caFile, ca);
  const counted = { refused: 0, allowed: 0 };
  const expected = `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`;
  const server = createServer(certificate, (request, response) => {
    if (request.headers.authorization !== expected) {
      counted.refused += 1;
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
      return;
    }
    counted.allowed += 1;
    backend(folder, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const commits = makeRepositories(folder, url);
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  };
  return { url, caFile, user: USER, requests: () => ({ ...counted }), commits, close };
}

/** A CGI program's answer. Source: RFC 3875. */
function backend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'https://127.0.0.1');
  const env = {
    ...process.env,
    GIT_PROJECT_ROOT: folder,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: pathname,
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
  };
  const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const lines = answer.subarray(0, end).toString().split('\r\n');
    const headers = lines.map((line) => line.split(/:\s*/, 2) as [string, string]);
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
    response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers.filter(([name]) => name !== 'Status')));
    response.end(answer.subarray(end + 4));
  });
}

function makeRepositories(folder: string, url: string): GitServer['commits'] {
  const git = (repository: string, ...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'protocol.file.allow=always', ...args], {
      cwd: join(folder, repository),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  const commit = (repository: string, file: string, text: string): string => {
    mkdirSync(join(folder, repository, 'docs'), { recursive: true });
    writeFileSync(join(folder, repository, file), text);
    git(repository, 'add', '.');
    git(repository, 'commit', '-q', '-m', text);
    return git(repository, 'rev-parse', 'HEAD');
  };
  for (const name of ['part', 'work']) {
    mkdirSync(join(folder, name));
    git(name, 'init', '-q', '-b', 'main');
  }
  commit('part', 'part.txt', 'a part');
  git('.', 'clone', '-q', '--bare', 'part', 'part.git');
  const first = commit('work', 'docs/a.txt', 'first');
  git('work', 'tag', 'v1');
  git('work', 'submodule', '--quiet', 'add', join(folder, 'part'), 'part');
  git('work', 'config', '--file', '.gitmodules', 'submodule.part.url', `${url}part.git`);
  const second = commit('work', 'docs/a.txt', 'second');
  git('work', 'checkout', '-q', '-b', 'feature');
  const branch = commit('work', 'docs/b.txt', 'on the branch');
  git('work', 'checkout', '-q', 'main');
  git('.', 'clone', '-q', '--bare', 'work', 'repo.git');
  return { first, second, branch };
}
