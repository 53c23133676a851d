/** What a shell has to be told, once, so that it asks `__complete`. */

export const SHELLS = ["bash", "zsh", "fish", "kubectl"] as const;
export type Shell = (typeof SHELLS)[number];

const bash = `# bash completion for kubectl-cloneset: source <(kubectl cloneset completion bash)
_kubectl_cloneset() {
  local lines directive value
  mapfile -t lines < <(kubectl-cloneset __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  if [[ \${#lines[@]} -eq 0 ]]; then return; fi
  directive="\${lines[-1]}"
  unset 'lines[-1]'
  for value in "\${lines[@]}"; do COMPREPLY+=("\${value%%$'\\t'*}"); done
  if [[ $directive == :0 ]]; then compopt -o default; fi
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
COMP_WORDBREAKS=\${COMP_WORDBREAKS//[=:]/}
complete -F _kubectl_cloneset kubectl-cloneset
`;

const zsh = `#compdef kubectl-cloneset
# zsh completion for kubectl-cloneset: source <(kubectl cloneset completion zsh)
_kubectl_cloneset() {
  local -a lines choices
  local line text
  lines=("\${(@f)$(kubectl-cloneset __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "\${(@)lines[1,-2]}"; do
    text=\${line%%$'\\t'*}
    if [[ $line == *$'\\t'* ]]; then choices+=("\${text//:/\\\\:}:\${line#*$'\\t'}"); else choices+=("\${text//:/\\\\:}"); fi
  done
  _describe 'kubectl-cloneset' choices
  if [[ $lines[-1] == :0 ]]; then _files; fi
}
compdef _kubectl_cloneset kubectl-cloneset
`;

const fish = `# fish completion for kubectl-cloneset: kubectl cloneset completion fish | source
function __kubectl_cloneset
  set -l typed (commandline -opc)
  set -l lines (kubectl-cloneset __complete -- $typed[2..-1] (commandline -ct) 2>/dev/null)
  test (count $lines) -gt 1; and printf '%s\\n' $lines[1..-2]
  test "$lines[-1]" = ":0"; and __fish_complete_path (commandline -ct)
end
complete -c kubectl-cloneset -f -a '(__kubectl_cloneset)'
`;

const kubectl = `#!/bin/sh
# kubectl's own completion (1.26 and newer) runs this for "kubectl cloneset ...". Save it on the PATH, executable, as
# kubectl_complete-cloneset.
exec kubectl-cloneset __complete -- "$@"
`;

export const scripts: Record<Shell, string> = { bash, zsh, fish, kubectl };
