#!/usr/bin/env bash
# Installs PostgreSQL from Debian's packages where it is not there, for the tests that read a council's
# tables from a real server. They start one of their own, on a socket in a folder of its own, as another
# user than root. Without root, or without Debian's packages, nothing happens and these tests are skipped.
set -euo pipefail

if command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
  exit 0
fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  printf 'PostgreSQL is not installed: the tests that need it are skipped.\n' >&2
  exit 0
fi
# The package would make a cluster and start a server, which nobody needs.
mkdir -p /etc/postgresql-common
printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -qq --no-install-recommends postgresql; } >/dev/null ||
  printf 'PostgreSQL could not be installed: the tests that need it are skipped.\n' >&2
