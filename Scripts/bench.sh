#!/usr/bin/env bash
# Compares the speed of Taskwire with raw echoes over nng's sockets and over its byte streams, with Redis and with the
# Python SDK's store on this machine, side by side in one run, and prints it as Markdown. Installs what is missing, Redis
# included, and builds.
#
#   Scripts/bench.sh                              everything, some 20 minutes
#   Scripts/bench.sh --only concurrent durable    these rows; --help lists all once this has run
#   Scripts/bench.sh --quick                      a look, without ratios
#   Scripts/bench.sh --chart Scripts/bench/chart.png
#
# The data lies in a folder of its own in $TMPDIR, else /var/tmp, which has to be on the disk that matters.
set -euo pipefail
program=("$(dirname "$0")/../.build/bench-environment/bin/python" "$(dirname "$0")/bench")
. "$(dirname "$0")/help.sh"
start=$PWD
cd "$(dirname "$0")/.."
. Scripts/setup.sh
install_packages redis-server redis-tools
. Scripts/build.sh
build_programs taskwire taskwire-baseline

# The Python SDK is the one that the tests are run with.
environment=.build/bench-environment
requirements=$(cat Scripts/bench/requirements.txt && grep -E '^(mcp|protobuf)==' Tests/Interop/requirements.txt)
if [ "$(cat "$environment/requirements.txt" 2>/dev/null)" != "$requirements" ]; then
    echo "bench.sh: installing $(tr '\n' ' ' <<<"$requirements")" >&2
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement /dev/stdin <<<"$requirements"
    printf '%s\n' "$requirements" >"$environment/requirements.txt"
fi
python=$PWD/$environment/bin/python program=$PWD/Scripts/bench
products=$programs
# Files are named from where the caller is.
cd "$start"
exec "$python" "$program" "$products" "$@"
