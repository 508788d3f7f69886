#!/usr/bin/env bash
# Writes requirements/*.txt: every package that runs here, by exact version and by the hash of every
# file published for it, for all platforms and all supported Pythons at once.
#
# What is wanted stands in pyproject.toml: the programs' dependencies, the extra `dev`, the dependency groups
# (PEP 735). dev.txt and database.txt hold all of runtime.txt, in the same versions. What is locked already stays as it is while it still fits; UPGRADE=1 takes the newest of everything. Settings
# of this machine decide nothing: no local folder of packages is looked at, no index is named in a lock.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

UV=${UV:-.venv/bin/uv}
unset UV_FIND_LINKS UV_INDEX UV_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_EXTRA_INDEX_URL

upgrade=()
if [[ ${UPGRADE:-0} == 1 ]]; then
  upgrade=(--upgrade)
fi

lock() {
  local target=$1
  shift
  "$UV" --no-config pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
    --generate-hashes --custom-compile-command "make lock" "${upgrade[@]}" \
    --output-file "requirements/$target.txt" "$@"
}

lock build --group pyproject.toml:build
lock runtime pyproject.toml
lock database --constraint requirements/runtime.txt --extra database pyproject.toml
lock dev --constraint requirements/runtime.txt --constraint requirements/build.txt --extra dev pyproject.toml
lock demo --no-deps --group pyproject.toml:demo
lock rivals --only-binary :all: --group pyproject.toml:rivals
