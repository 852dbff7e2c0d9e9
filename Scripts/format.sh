#!/usr/bin/env bash
# Formats the Swift of this repository.
#
#   Scripts/format.sh           rewrite the files
#   Scripts/format.sh --check   fail on what is not formatted or breaks a rule of .swift-format
set -euo pipefail
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")/.."

case "${1-}" in
    "") swift format format --in-place --parallel --recursive Package.swift Sources Tests ;;
    --check) swift format lint --strict --parallel --recursive Package.swift Sources Tests ;;
    *)
        echo "usage: Scripts/format.sh [--check]" >&2
        exit 2
        ;;
esac
