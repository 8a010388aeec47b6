import { DEFAULT_IMAGES } from '#core/pod/images.ts';

/** The images that Tasks take by default: what each is for, and where another is named. */
const OF_TASKS = [
  {
    image: DEFAULT_IMAGES.agent,
    use: 'Brings the OpenCode program: an init container of Tasks and of Agents’ servers. Another: spec.agentImage of the Agent or AgentTemplate',
  },
  {
    image: DEFAULT_IMAGES.executor,
    use: 'What an agent works in: the container of a Task. Another: spec.executorImage of the Agent or AgentTemplate',
  },
  {
    image: DEFAULT_IMAGES.attach,
    use: 'The container of a Task that runs on its Agent’s server (spec.execution: Attach). Another: spec.attachImage of the Agent or AgentTemplate',
  },
  {
    image: DEFAULT_IMAGES.system,
    use: 'Init containers that prepare the workspace: context-init, git-init, plugin-init. Another, such as that of the controller: spec.systemImage of the KubeOpenCodeConfig',
  },
] as const;

/** The images that have to be in a registry that the cluster reaches, one a line; comments begin with `#`. */
export function imagesText(controllerImage: string): string {
  return [
    '# Images that a cluster pulls, by default. Copy them to a registry that it reaches, and name them there as each comment says.\n',
    entry('The controller itself. Another: images of a kustomization, image.repository of the chart', controllerImage),
    ...OF_TASKS.map(({ use, image }) => entry(use, image)),
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
