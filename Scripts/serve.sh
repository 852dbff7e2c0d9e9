#!/usr/bin/env bash
# Installs what is missing, builds, and serves. Arguments go to `taskwire serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/setup.sh
swift build --configuration release --product taskwire
exec .build/release/taskwire serve "$@"
