import { DEFAULT_IMAGES } from '#core/pod/images.ts';

/** What each of the images that Tasks take by default is for, and where another is named. */
const USES = {
  agent:
    'Brings the OpenCode program: the first init container of a Task, and of an Agent’s server. Another: spec.agentImage of the Agent or AgentTemplate',
  executor: 'What an agent works in: the container of a Task. Another: spec.executorImage of the Agent or AgentTemplate',
  attach:
    'The container of a Task that runs on its Agent’s server (spec.execution: Attach). Another: spec.attachImage of the Agent or AgentTemplate',
  system:
    'Init containers that prepare the workspace: context-init, git-init, plugin-init. Another: spec.systemImage of the KubeOpenCodeConfig',
} as const satisfies Readonly<Record<keyof typeof DEFAULT_IMAGES, string>>;

/** The images that have to be in a registry that the cluster reaches, one a line, comments begin with `#`. */
export function imagesText(controllerImage: string): string {
  const defaults = Object.entries(DEFAULT_IMAGES).map(([name, image]) => entry(USES[name as keyof typeof USES], image));
  return [
    '# Images that a cluster pulls, by default. Copy them to a registry that it reaches, and name them there as each comment says.\n',
    entry('The controller itself. Another: an image transformer of the kustomization', controllerImage),
    ...defaults,
  ].join('\n');
}

function entry(use: string, image: string): string {
  return `# ${use}.\n${image}\n`;
}

/** The image of the controller, as a Deployment names it. Throws where there is none. */
export function controllerImageIn(deployment: string): string {
  const image = /^\s*(?:- )?image:\s*(\S+)\s*$/m.exec(deployment)?.[1];
  if (image === undefined) throw new Error('telling the image of the controller: the Deployment names none');
  return image;
}
