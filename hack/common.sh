# shellcheck shell=bash
# What the scripts of this folder share. Sourced, never run; changes to the root of the repository.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

say() { printf '\n==> %s\n' "$*"; }
die() { printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Prints the comment at the head of the calling script: its manual.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//;t print;q;:print;p}' "$script"; exit "${1:-0}"; }
# shellcheck disable=SC2034  # read by usage, after the change of folder
script=$(realpath "$0" 2>/dev/null || realpath "$OLDPWD/$0")

# A client without an engine behind it is common: ask the engine.
engine_answers() { command -v "$1" >/dev/null && timeout 20 "$1" info >/dev/null 2>&1; }

# The first container engine that answers, or none.
container_engine() {
  local engine
  for engine in docker podman buildah; do
    if engine_answers "$engine"; then echo "$engine"; return; fi
  done
  echo none
}
