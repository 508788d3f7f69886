#!/usr/bin/env bash
# All tests on each Python that the package claims and this machine has, beside the one of .venv. Each has an
# environment of its own, .cache/venv-<version>. A version that is missing is named and passed over.
#
#   pythons.sh [version ...]   3.12 and 3.13 if none is given
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

# The interpreter of a version, on the path or among pyenv's, whose shims start only what is switched on.
find_version() {
  local candidate
  for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    if "$candidate" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' "$1" 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

if (($# == 0)); then
  set -- 3.12 3.13
fi
for version in "$@"; do
  if ! python=$(find_version "$version"); then
    printf '%s\n' "Python $version is not installed here: not tested."
    continue
  fi
  printf '\n==> tests on Python %s\n' "$version"
  make test PYTHON="$python" VENV=".cache/venv-$version"
done
