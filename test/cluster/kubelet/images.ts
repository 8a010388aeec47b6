import type { ImageContent } from './image.ts';

/** A Pod's own process: it sleeps. */
export const PAUSE: ImageContent = { name: 'docker.io/local/pause:1', scripts: {}, entrypoint: ['/bin/sleep', '2147483647'] };

export const OPENCODE_IMAGE = 'docker.io/local/opencode:1';

/** Stands for OpenCode: what it is told to do it runs as a shell script, with the process that it is. */
const OPENCODE = `#!/bin/sh
case "$1" in
  run) exec /bin/sh -c "$(cat)" ;;
  *) exit 0 ;;
esac
`;

/** As the entrypoint of upstream's agent image: brings the program into the tools volume. */
const BRING = `#!/bin/sh
set -e
cp /opencode "$TOOLS_DIR/opencode"
`;

/** As upstream's \`kubeopencode context-init\` for files: copies each key to its place. */
const SYSTEM = `#!/bin/sh
set -e
[ "$1" = context-init ]
echo "$FILE_MAPPINGS" | sed 's/},{/}\\n{/g' | while read -r mapping; do
  key=$(echo "$mapping" | sed 's/.*"key":"\\([^"]*\\)".*/\\1/')
  target=$(echo "$mapping" | sed 's/.*"targetPath":"\\([^"]*\\)".*/\\1/')
  mkdir -p "$(dirname "$target")"
  cp "$CONFIGMAP_PATH/$key" "$target"
done
`;

/** One image for all containers of a Task's Pod. */
export const AGENT: ImageContent = {
  name: 'docker.io/local/agent:1',
  scripts: { opencode: OPENCODE, bring: BRING, kubeopencode: SYSTEM },
  entrypoint: ['/bring'],
};

/** The image of a Task's first init container with the real OpenCode; `program` is its file. */
export function openCodeImage(program: string): ImageContent {
  return { name: OPENCODE_IMAGE, scripts: { bring: BRING }, programs: { opencode: program }, entrypoint: ['/bring'] };
}
