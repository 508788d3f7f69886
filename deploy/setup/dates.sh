#!/usr/bin/env bash
# Runs the tests, the demonstration and the measurements as if it were another day: nothing may depend on
# the date.
#
#   DATES="leap-day spring" PARTS="test demo bench" ARGS="tests/unit" dates.sh
#
# month-end   some minutes before a month and a year end
# leap-day    29 February 2028
# spring      some minutes before the clocks of England go forward, in its time
# autumn      some minutes before they go back
# two-years   two years from now
#
# The environment must be there already: pip and its TLS need the true date. The clock is set by libfaketime,
# which is taken from Debian's package into .cache where the system does not have it.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

python=${VENV:-.venv}/bin/python
DATES=${DATES:-month-end leap-day spring autumn two-years}
PARTS=${PARTS:-test demo bench}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

find_library() { find /usr/lib .cache/faketime -name libfaketimeMT.so.1 -print -quit 2>/dev/null || true; }

fetch_library() {
  local folder=$PWD/.cache/faketime
  command -v apt-get dpkg-deb >/dev/null || fail "Install libfaketime and try again."
  if [[ $(id -u) == 0 ]]; then # a new machine has no package lists yet, and only root may fetch them
    apt-get update -qq
  fi
  mkdir -p "$folder"
  (cd "$folder" && apt-get download -qq libfaketime && dpkg-deb -x ./*.deb .) ||
    fail "That failed. Install libfaketime and try again."
}

moment() {
  case $1 in
  month-end) date -ud '2026-12-31 23:56' +%s ;;
  leap-day) date -ud '2028-02-29 12:00' +%s ;;
  spring) date -ud '2027-03-28 00:56' +%s ;;
  autumn) date -ud '2027-10-31 00:56' +%s ;;
  two-years) date -ud '2 years' +%s ;;
  *) fail "dates.sh: month-end, leap-day, spring, autumn or two-years, not '$1'" ;;
  esac
}

# Every process gets the same distance from the true clock, so that all agree about the time.
at() {
  local date=$1 away
  shift
  away=$(($(moment "$date") - $(date +%s)))
  printf '\n==> %s: %s\n' "$date" "$*"
  env TZ=Europe/London LD_PRELOAD="$library" FAKETIME="$(printf '%+d' "$away")" \
    FAKETIME_DONT_FAKE_MONOTONIC=1 PYTHONPATH="$PWD/deploy/setup/dates" "$@"
}

library=$(find_library)
if [[ -z $library ]]; then
  fetch_library
  library=$(find_library)
fi
library=$(realpath "$library")
for date in $DATES; do
  moment "$date" >/dev/null
  for part in $PARTS; do
    case $part in
    # shellcheck disable=SC2086 # several arguments
    test) at "$date" "$python" -m pytest -q ${ARGS:-} ;;
    demo) at "$date" "$python" deploy/demo/run.py ;;
    bench) at "$date" "$python" benchmarks/run.py ;;
    *) fail "dates.sh: test, demo or bench, not '$part'" ;;
    esac
  done
done
