#!/usr/bin/env bash
# Installs what is missing, builds, and kills servers and workers again and again while clients work with them, the
# servers 50 times, unless the arguments, which go to `crash-test`, say otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/setup.sh
swift build --configuration release --product taskwire
swift build --configuration release --product worker
swift build --configuration release --product crash-test
exec .build/release/crash-test "$@"
