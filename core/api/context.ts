import * as z from 'zod';
import { duration, type Infer, nameRef, withRules } from './common.ts';

/** A git repository as skills and contexts name it. */
export const gitFields = {
  repository: z.string().describe('URL of the repository: https://, http:// or git@.'),
  path: z.string().optional().describe('Folder or file inside the repository; the whole repository when absent.'),
  ref: z.string().default('HEAD').describe('Branch or tag. Default: HEAD.'),
  depth: z.int().default(1).describe('Number of commits to clone; 0 clones the whole history. Default: 1.'),
  recurseSubmodules: z.boolean().optional().describe('Clone submodules too.'),
  secretRef: nameRef.optional().describe('Secret with `username` and `password`, or `ssh-privatekey` and `ssh-known-hosts`.'),
};

const configMapContext = z.strictObject({
  name: z.string().describe('Name of the ConfigMap.'),
  key: z.string().optional().describe('One key of it; every key when absent.'),
  optional: z.boolean().optional().describe('Go on with empty content when the ConfigMap or the key does not exist.'),
});

const gitContext = z.strictObject({
  ...gitFields,
  sync: z
    .strictObject({
      enabled: z.boolean().optional(),
      interval: duration.optional().describe('How often to look for new commits.'),
      policy: z.enum(['HotReload', 'Rollout']).default('HotReload'),
    })
    .optional()
    .describe('Keeps the clone of an Agent’s server up to date; no effect on the Pods of Tasks.'),
});

const urlContext = z.strictObject({
  source: z.string().describe('URL to fetch.'),
  headers: z.record(z.string(), z.string()).optional(),
  secretRef: nameRef.optional(),
  insecureSkipTLSVerify: z.boolean().optional(),
  timeout: z.int32().default(30).describe('Seconds.'),
});

const item = z.strictObject({
  name: z.string().optional().describe('Name shown to the agent beside the content.'),
  description: z.string().optional().describe('What the content is for.'),
  type: z.enum(['Text', 'ConfigMap', 'Git', 'Runtime', 'URL']).describe('Where the content comes from.'),
  mountPath: z
    .string()
    .optional()
    .describe(
      'Where the content lies in the Pod; relative paths begin at workspaceDir. Without it the content is part of the agent’s instructions.',
    ),
  fileMode: z.int32().optional().describe('Mode of the file, such as 420 (0644).'),
  text: z.string().optional().describe('Content of a Text context.'),
  configMap: configMapContext.optional().describe('Content of a ConfigMap context.'),
  git: gitContext.optional().describe('Repository of a Git context.'),
  runtime: z.strictObject({}).optional().describe('Marks a Runtime context: what the platform tells the agent about itself.'),
  url: urlContext.optional().describe('Source of a URL context.'),
});

/** One piece of what the agent is to know. */
export const contextItem = withRules(item, [
  {
    cel: "self.type != 'Text' || has(self.text)",
    message: 'text is required when type is Text',
    holds: (context) => context.type !== 'Text' || context.text !== undefined,
    field: 'text',
  },
  {
    cel: "self.type != 'ConfigMap' || has(self.configMap)",
    message: 'configMap is required when type is ConfigMap',
    holds: (context) => context.type !== 'ConfigMap' || context.configMap !== undefined,
    field: 'configMap',
  },
  {
    cel: "self.type != 'Git' || has(self.git)",
    message: 'git is required when type is Git',
    holds: (context) => context.type !== 'Git' || context.git !== undefined,
    field: 'git',
  },
  {
    cel: "self.type != 'URL' || has(self.url)",
    message: 'url is required when type is URL',
    holds: (context) => context.type !== 'URL' || context.url !== undefined,
    field: 'url',
  },
  {
    cel: "self.type != 'Git' || has(self.mountPath)",
    message: 'mountPath is required for Git context type',
    holds: (context) => context.type !== 'Git' || context.mountPath !== undefined,
    field: 'mountPath',
  },
]);
export type ContextItem = Infer<typeof contextItem>;

/** Contexts in their order. The bound is far above what a Pod can carry; without one the API server can't bound the cost of the rules inside. */
export const contexts = z.array(contextItem).max(1_000);
