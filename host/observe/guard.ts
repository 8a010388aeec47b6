import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Reviews } from '../cluster/rest/reviews.ts';
import type { Log } from './log.ts';
import { type Answer, type Asked, plainText, type Route } from './server.ts';

/** How long an answer of the API server is believed (controller-runtime: 1 minute for a token, 5 and 0.5 for a right). */
const ALLOWED_FRESH_MS = 60_000;
const REFUSED_FRESH_MS = 10_000;
/** Whoever makes tokens up costs no more memory than this, nor more calls at a time. */
const MAX_REMEMBERED = 512;
const MAX_UNDER_WAY = 8;

/** null: let in. Otherwise what is answered instead. */
export type Guard = (asked: Asked) => Promise<Answer | null>;

type Verdict = 'Allowed' | 'Unauthorized' | 'Forbidden';

/** Lets in who the API server knows by their bearer token and who may use this verb on this path, by RBAC on `nonResourceURLs`. Refuses when the API server can't be asked. */
export function accessGuard(reviews: Pick<Reviews, 'authenticate' | 'authorize'>, clock: Clock, log: Log): Guard {
  const remembered = new Map<string, { readonly verdict: Verdict; readonly untilMs: number }>();
  let underWay = 0;

  async function judge(token: string, verb: string, path: string): Promise<Verdict | Answer> {
    const user = await reviews.authenticate(token);
    if (!user.ok) return unavailable(user.error.message);
    if (user.value === null) return 'Unauthorized';
    const may = await reviews.authorize(user.value, { verb, path });
    if (!may.ok) return unavailable(may.error.message);
    return may.value ? 'Allowed' : 'Forbidden';
  }

  function unavailable(message: string): Answer {
    log.warn(`who asks for metrics can't be checked: ${message}`);
    return plainText(503, 'the API server could not be asked whether you may read this; the log of the controller says why');
  }

  return async ({ method, path, headers }) => {
    const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) return refusalOf('Unauthorized');
    // As kube-apiserver calls what is no resource: the method in small letters.
    const verb = method.toLowerCase();
    const key = createHash('sha256').update(`${verb} ${path}\n${token}`).digest('base64');
    const known = remembered.get(key);
    if (known !== undefined && clock.monotonic() < known.untilMs) return refusalOf(known.verdict);
    if (underWay >= MAX_UNDER_WAY)
      return { ...plainText(429, 'too many ask at once; try again in a second'), headers: { 'retry-after': '1' } };
    underWay += 1;
    const verdict = await judge(token, verb, path).finally(() => {
      underWay -= 1;
    });
    if (typeof verdict === 'object') return verdict;
    remembered.delete(key);
    const [oldest] = remembered.keys();
    if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    remembered.set(key, { verdict, untilMs: clock.monotonic() + (verdict === 'Allowed' ? ALLOWED_FRESH_MS : REFUSED_FRESH_MS) });
    return refusalOf(verdict);
  };
}

/** The same routes, for those whom the guard lets in. */
export function guarded(routes: Readonly<Record<string, Route>>, guard: Guard | undefined): Readonly<Record<string, Route>> {
  if (guard === undefined) return routes;
  const behind =
    (route: Route): Route =>
    async (asked) =>
      (await guard(asked)) ?? route(asked);
  return Object.fromEntries(Object.entries(routes).map(([path, route]) => [path, behind(route)]));
}

function refusalOf(verdict: Verdict): Answer | null {
  switch (verdict) {
    case 'Allowed':
      return null;
    case 'Unauthorized':
      return {
        ...plainText(401, 'expected the bearer token of somebody whom the API server knows'),
        headers: { 'www-authenticate': 'Bearer' },
      };
    case 'Forbidden':
      return plainText(403, 'you may not read this: it needs a role with this path among its nonResourceURLs');
  }
}
