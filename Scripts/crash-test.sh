#!/usr/bin/env bash
# Installs what is missing, builds, and kills servers and workers again and again while clients work with them, the
# servers 50 times, unless the arguments, which go to `crash-test`, say otherwise.
#
#   Scripts/crash-test.sh [--kills N] [--servers N] [--redis] [--workers N] [--clients N] [--seed N] [--keep]
set -euo pipefail
program=("$(dirname "$0")/../.build/release/crash-test")
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")/.."
. Scripts/setup.sh
. Scripts/build.sh
build_programs taskwire worker crash-test
exec "$programs/crash-test" "$@"
