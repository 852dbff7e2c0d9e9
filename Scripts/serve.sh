#!/usr/bin/env bash
# Installs what is missing, builds, and serves. Arguments go to `taskwire serve`.
#
#   Scripts/serve.sh [--listen URL]... [--store STORE] [OPTION]...
set -euo pipefail
program=("$(dirname "$0")/../.build/release/taskwire" serve)
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")/.."
. Scripts/setup.sh
. Scripts/build.sh
build_programs taskwire
exec "$programs/taskwire" serve "$@"
