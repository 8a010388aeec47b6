import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import { coreDigest, formatVersion, ordinal } from './values.ts';

export const versionSchema = z
  .strictObject({
    formatVersion,
    plugin: z.string(),
    core: z.strictObject({ digest: coreDigest, contract: ordinal().describe('Version of what crosses the sandbox.') }),
    node: z.string(),
    server: z.string().optional().describe('`gitVersion` of the API server; absent where none was asked, or none answered.'),
  })
  .describe('What `kubectl opencode version -o json` prints.');
export type Versions = Infer<typeof versionSchema>;
