#!/usr/bin/env bash
# Compares the speed of Taskwire with that of Redis on this machine, side by side in one run, and prints it as
# Markdown. Installs what is missing, Redis included, and builds.
#
#   Scripts/bench.sh [--rounds N] [--seconds N]
#
# The data lies in a folder of its own in $TMPDIR, else /var/tmp, which has to be on the disk that matters.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/setup.sh
install_packages redis-server redis-tools
swift build --configuration release --product taskwire >&2
exec python3 Scripts/bench.py .build/release/taskwire "$@"
