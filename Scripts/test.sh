#!/usr/bin/env bash
# Installs what is missing, builds, and runs every check and every test.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/setup.sh

step() { printf '\n== %s\n' "$*"; }

step "generated code is what Protos/ makes"
Scripts/generate-protos.sh --check
step "format"
Scripts/format.sh --check
step "build"
swift build --build-tests
# Each in a process of its own, and those of the service one after the other: nng's threads are shared by all sockets of
# a process, and some tests are rough with them.
targets=(
    TaskwireTests TaskwireProtobufTests TaskwireStorageTests TaskwireRPCTests TaskwireServiceTests CommandTests
    WorkerTests
)
for target in "${targets[@]}"; do
    step "$target"
    parallel=--parallel
    case "$target" in TaskwireServiceTests | WorkerTests) parallel=--no-parallel ;; esac
    swift test --skip-build "$parallel" --filter "^$target\\."
done
step "interoperability"
Tests/Interop/run.sh
step "crashes"
"$(swift build --show-bin-path)/crash-test" --kills 10
