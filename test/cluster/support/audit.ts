import { readFileSync } from 'node:fs';

/** What the API server itself noted of a request. */
export interface AuditLine {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code: number; readonly message?: string };
}

/** Everything that a ServiceAccount has asked for so far. */
export function auditOf(
  auditLog: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): readonly AuditLine[] {
  const user = `system:serviceaccount:${namespace}:${name}`;
  const lines: readonly AuditLine[] = readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line));
  return lines.filter((line) => line.user.username === user);
}

/** `get pods/log`, as the generated RBAC writes it. */
export function grantOf({ verb, objectRef }: AuditLine): string {
  return grant(verb, objectRef?.apiGroup ?? '', objectRef?.resource ?? '', objectRef?.subresource);
}

export function grant(verb: string, group: string, resource: string, subresource: string | undefined): string {
  return `${verb} ${group === '' ? '' : `${group}/`}${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** What was refused for the lack of a right; a quota or a namespace that goes away is something else. */
export function missingRights(lines: readonly AuditLine[]): readonly string[] {
  return lines
    .filter(({ responseStatus }) => responseStatus?.code === 403 && /cannot|blockOwnerDeletion/.test(responseStatus.message ?? ''))
    .map((line) => grantOf(line));
}
