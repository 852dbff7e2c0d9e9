#!/usr/bin/env bash
# Installs what is missing, builds, and runs every check and every test.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/setup.sh
. Scripts/test-targets.sh

step() { printf '\n== %s\n' "$*"; }

step "generated code is what Protos/ makes"
Scripts/generate-protos.sh --check
step "format"
Scripts/format.sh --check
step "build"
swift build --build-tests
for target in "${targets[@]}"; do
    step "$target"
    test_target "$target"
done
step "interoperability"
Tests/Interop/run.sh
step "crashes"
# As released: what the optimizer does is tested, too.
Scripts/crash-test.sh --kills 10
Scripts/crash-test.sh --kills 10 --servers 3 --redis
step "instructions"
Scripts/costs.sh
step "sanitizers"
# The tests of the command line start a process for each step, which takes a second or more under a sanitizer.
Scripts/sanitize.sh --without CommandTests
step "fuzzing"
Scripts/fuzz.sh
