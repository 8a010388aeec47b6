import * as z from 'zod';
import { anyJson, type Infer, listSet, nameRef, withRules } from './common.ts';
import { gitFields } from './context.ts';

const keyedRef = z.strictObject({ name: z.string(), key: z.string().optional() });

/** A Secret, or one key of it, for the agent container. */
export const credential = withRules(
  z.strictObject({
    name: z.string().describe('Name of the credential, for people.'),
    secretRef: keyedRef.describe('Secret, and one key of it; every key when absent.'),
    mountPath: z.string().optional().describe('Where the Secret, or the key, is mounted.'),
    env: z.string().optional().describe('Environment variable that carries the key.'),
    fileMode: z.int32().optional().describe('Mode of the mounted files. Default: 384 (0600).'),
  }),
  [
    {
      cel: '!has(self.env) || has(self.secretRef.key)',
      message: 'env can only be set when secretRef.key is specified',
      holds: (value) => value.env === undefined || value.secretRef.key !== undefined,
      field: 'env',
    },
  ],
);
export type Credential = Infer<typeof credential>;

/** Skills from a git repository. */
export const skillSource = withRules(
  z.strictObject({
    name: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, {
        message: 'must be lowercase letters, digits and -, beginning and ending with a letter or digit',
      })
      .describe('Name of the source; its skills lie in /skills/<name>.'),
    git: z
      .strictObject({
        ...gitFields,
        names: listSet(
          z
            .string()
            .min(1)
            .max(253)
            .regex(/^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$/, {
              message: 'must be letters, digits, ., _ and -, beginning and ending with a letter or digit',
            }),
        )
          .optional()
          .describe('Which skills below `path` to take; all when absent.'),
      })
      .optional()
      .describe('Repository with the skills.'),
  }),
  [{ cel: 'has(self.git)', message: 'git source is required', holds: (value) => value.git !== undefined, field: 'git' }],
);
export type SkillSource = Infer<typeof skillSource>;

/** An OpenCode plugin from npm. */
export const pluginSpec = z.strictObject({
  name: z.string().min(1).describe('npm package, with a version where wanted.'),
  target: z.enum(['server', 'tui']).default('server').describe('Which part of OpenCode loads it. Default: server.'),
  options: anyJson.optional().describe('Options handed to the plugin.'),
});
export type PluginSpec = Infer<typeof pluginSpec>;

/** HTTP proxy for every container of the Pod. */
export const proxy = z.strictObject({
  httpProxy: z.string().optional(),
  httpsProxy: z.string().optional(),
  noProxy: z.string().optional().describe('Hosts reached directly; .svc and .<clusterDomain> are added.'),
});
export type Proxy = Infer<typeof proxy>;

/** Certificates that every container of the Pod trusts. */
export const caBundle = withRules(
  z.strictObject({
    configMapRef: keyedRef.optional().describe('ConfigMap with the bundle. Default key: ca-bundle.crt.'),
    secretRef: keyedRef.optional().describe('Secret with the bundle. Default key: ca.crt.'),
  }),
  [
    {
      cel: 'has(self.configMapRef) || has(self.secretRef)',
      message: 'either configMapRef or secretRef must be specified',
      holds: (value) => value.configMapRef !== undefined || value.secretRef !== undefined,
    },
    {
      cel: '!(has(self.configMapRef) && has(self.secretRef))',
      message: 'only one of configMapRef or secretRef can be specified',
      holds: (value) => value.configMapRef === undefined || value.secretRef === undefined,
    },
  ],
);
export type CaBundle = Infer<typeof caBundle>;

/** How many Tasks may start in a sliding window. */
export const quota = z.strictObject({
  maxTaskStarts: z.int32().min(1).describe('Number of starts.'),
  windowSeconds: z.int32().min(60).max(86_400).describe('Length of the window in seconds.'),
});
export type Quota = Infer<typeof quota>;

export const extraPort = z.strictObject({
  name: z.string().min(1).max(15),
  port: z.int32().min(1).max(65_535),
  protocol: z.enum(['TCP', 'UDP']).default('TCP'),
});

export const imagePullSecrets = z.array(nameRef.meta({ 'x-kubernetes-map-type': 'atomic' })).describe('Secrets to pull images with.');
