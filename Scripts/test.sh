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
step "tests"
swift test --skip-build
step "interoperability"
Tests/Interop/run.sh
