#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test: all of it on a fresh Debian 12 or 13.
# Arguments go to check.sh.
set -eu

cd "$(dirname "$0")/.."
tests/packages.sh build demo test apps
make -j"$(nproc)"
exec tests/check.sh "$@"
