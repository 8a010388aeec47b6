/** What a shell evaluates to complete `kubectl-opencode`, the plugin without kubectl, by asking it for each word. */
export const SCRIPTS = {
  bash: String.raw`# bash completion of kubectl-opencode
_kubectl_opencode() {
  local words=() line directive=0 cur i
  # Bash parts words at "=", the plugin wants them whole.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    if ((i > 1)) && [[ \${COMP_WORDS[i]} == "=" || \${COMP_WORDS[i - 1]} == "=" ]]; then
      words[\${#words[@]} - 1]+=\${COMP_WORDS[i]}
    else
      words+=("\${COMP_WORDS[i]}")
    fi
  done
  cur=\${words[\${#words[@]} - 1]}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :* ]]; then
      directive=\${line#:}
    else
      COMPREPLY+=("\${line%%$'\t'*}")
    fi
  done < <(kubectl-opencode __complete "\${words[@]}" 2>/dev/null)
  if ((directive & 8)); then
    local extensions
    extensions=$(IFS='|'; printf '%s' "\${COMPREPLY[*]}")
    COMPREPLY=()
    while IFS= read -r line; do
      if [[ -d $line || $line =~ \.($extensions)$ ]]; then COMPREPLY+=("$line"); fi
    done < <(compgen -f -- "$cur")
    compopt -o filenames 2>/dev/null
  elif [[ $cur == -*=* && $COMP_WORDBREAKS == *=* ]]; then
    for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#*=}; done
  fi
  if ((directive & 2)); then compopt -o nospace 2>/dev/null; fi
  if ((directive & 4)); then compopt +o default 2>/dev/null; fi
}
complete -o default -F _kubectl_opencode kubectl-opencode
`,
  zsh: String.raw`#compdef kubectl-opencode
# zsh completion of kubectl-opencode
_kubectl_opencode() {
  local -a lines candidates more
  local directive line
  lines=("\${(@f)$(kubectl-opencode __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  directive=\${lines[-1]#:}
  for line in "\${(@)lines[1,-2]}"; do
    line=\${line//:/\\:}
    candidates+=("\${line/$'\t'/:}")
  done
  if ((directive & 8)); then
    _files -g "*.(\${(j:|:)candidates})"
  elif ((\${#candidates})); then
    if ((directive & 2)); then more=(-S ''); fi
    _describe 'kubectl-opencode' candidates $more
  elif ! ((directive & 4)); then
    _files
  fi
}
if [ "$funcstack[1]" = "_kubectl_opencode" ]; then _kubectl_opencode; else compdef _kubectl_opencode kubectl-opencode; fi
`,
  fish: String.raw`# fish completion of kubectl-opencode
function __kubectl_opencode
    set -l words (commandline -opc) (commandline -ct)
    set -l lines (kubectl-opencode __complete $words[2..-1] 2>/dev/null)
    set -l directive (string replace : '' -- $lines[-1])
    set -e lines[-1]
    if test (math "floor($directive / 8) % 2") -eq 1
        for extension in $lines
            __fish_complete_suffix .$extension
        end
    else if test (count $lines) -eq 0; and test (math "floor($directive / 4) % 2") -eq 0
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $lines
    end
end
complete -c kubectl-opencode -f -a '(__kubectl_opencode)'
`,
} as const;

export type Shell = keyof typeof SCRIPTS;

/** The script of a shell. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell].replaceAll('\\${', '${');
}
