import type { Exchange } from '#host/cluster/rest/connection.ts';

/** As in kubectl: what each level of `-v` adds. */
const LEVEL = { requests: 6, headers: 7, bodies: 8, wholeBodies: 9 } as const;
const MOST_OF_A_BODY = 1_024;
/** Headers of which only the first word is told, if any: they let somebody in. */
const SECRET_HEADERS = /^(authorization|proxy-authorization|cookie|set-cookie)$/i;

/** Tells requests as `-v` wants them; undefined where it wants none. What comes back is told by its headers only: a ConfigMap may hold what nobody should read over a shoulder. */
export function createTrace(level: number, err: (text: string) => void): ((exchange: Exchange) => void) | undefined {
  return level < LEVEL.requests ? undefined : (exchange) => err(`${linesOf(exchange, level).join('\n')}\n`);
}

function linesOf({ method, url, headers, body, came, tookMs }: Exchange, level: number): readonly string[] {
  const answer = came.type === 'Answer' ? came.code : came.message;
  return [
    `${method} ${url} ${answer} in ${Math.round(tookMs)} ms`,
    ...(level < LEVEL.headers ? [] : headerLines('>', headers)),
    ...(level < LEVEL.bodies || body === undefined ? [] : [`> ${level < LEVEL.wholeBodies ? shortened(body) : body}`]),
    ...(level < LEVEL.bodies || came.type !== 'Answer' ? [] : headerLines('<', came.headers)),
  ];
}

function headerLines(arrow: string, headers: Exchange['headers']): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${arrow} ${name}: ${SECRET_HEADERS.test(name) ? masked(one) : one}`),
  );
}

function masked(value: string): string {
  const [, scheme] = /^(Bearer|Basic|Negotiate) /.exec(value) ?? [];
  return scheme === undefined ? '<masked>' : `${scheme} <masked>`;
}

function shortened(body: string): string {
  return body.length <= MOST_OF_A_BODY ? body : `${body.slice(0, MOST_OF_A_BODY)} [${body.length - MOST_OF_A_BODY} characters more]`;
}
