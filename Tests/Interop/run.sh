#!/usr/bin/env bash
# Runs the Python tests against the built server: a client that knows nothing but Protos/.
#
#   Tests/Interop/run.sh [ARGUMENT...]    as `python3 -m unittest discover` takes them
set -euo pipefail
. "$(dirname "$0")/../../Scripts/help.sh"
cd "$(dirname "$0")"

environment=.venv
if ! "$environment/bin/python" -c 'import google.protobuf, mcp, pynng' 2>/dev/null ||
    ! cmp --silent requirements.txt "$environment/requirements.txt"; then
    echo "run.sh: installing $(paste -sd ' ' requirements.txt)" >&2
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
    cp requirements.txt "$environment/requirements.txt"
fi

generated=$(mktemp -d)
trap 'rm -rf "$generated"' EXIT
protoc --proto_path=../../Protos --python_out="$generated" ../../Protos/taskwire/v1/*.proto

export TASKWIRE_BUILD=${TASKWIRE_BUILD:-$(cd ../.. && swift build --show-bin-path)}
PYTHONPATH=$generated:$PWD "$environment/bin/python" -W error -m unittest discover --verbose "$@"
