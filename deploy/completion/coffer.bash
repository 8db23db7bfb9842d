# Completion of coffer's commands and flags for bash. Source it, or install it as
# /usr/share/bash-completion/completions/coffer. What there is to complete is read from the
# program's own help, so that it fits the version at hand.

_coffer() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local program=${COMP_WORDS[0]} help word path=()
  # Bash takes `=` and `:` for words of their own.
  [[ $current == = ]] && current=
  [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}

  # The commands before the cursor: words that the help of those before them lists.
  help=$("$program" --help 2>/dev/null) || return
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $word != -* ]] && _coffer_commands "$help" | grep --quiet --line-regexp --fixed-strings -- "$word"; then
      path+=("$word")
      help=$("$program" "${path[@]}" --help 2>/dev/null) || return
    fi
  done

  case $previous in
    --data) mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames; return ;;
    --config | --tls.certificate | --tls.key | -o | --output)
      mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames; return ;;
    --*)
      local choices
      choices=$(_coffer_choices "$help" "$previous")
      if [[ -n $choices ]]; then
        COMPREPLY=($(compgen -W "$choices" -- "$current"))
        return
      fi
      ;;
  esac

  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$(_coffer_flags "$help")" -- "$current"))
  elif [[ ${path[*]} == sync ]]; then
    mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames
  elif [[ ${path[*]} == up ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames
  else
    COMPREPLY=($(compgen -W "$(_coffer_commands "$help")" -- "$current"))
  fi
}

# The names in the help's list of subcommands.
_coffer_commands() {
  awk '/^Subcommands:/ { listed = 1; next } /^[^ ]/ || /^$/ { listed = 0 } listed { print $1 }' <<<"$1"
}

_coffer_flags() {
  grep --only-matching --extended-regexp '^ +(-[a-z],)?--[a-z.-]+' <<<"$1" | sed 's/.*--/--/'
}

# The values that the help gives for a flag: `one of a, b` or `{a,b}`.
_coffer_choices() {
  awk -v flag="$2" '
    $1 == flag && match($0, /one of [a-z, ]+/) { print substr($0, RSTART + 7, RLENGTH - 7) }
    $1 == flag && match($0, /\{[a-z0-9,]+\}/) { print substr($0, RSTART + 1, RLENGTH - 2) }
    $1 == flag && /true or false/ { print "true false" }' <<<"$1" | tr ',' ' '
}

complete -F _coffer coffer
