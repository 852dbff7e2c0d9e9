#!/usr/bin/env bash
# Installs what building and testing Taskwire needs on Debian 12 and is not there yet, and says what.
# Source it (`. Scripts/setup.sh`) to have a Swift that it installed on the PATH afterwards.
#
#   Scripts/setup.sh
set -euo pipefail
if [ "$0" = "${BASH_SOURCE[0]}" ]; then
    . "$(dirname "$0")/help.sh"
    [ $# -eq 0 ] || { echo "setup.sh: there is no option $1; see Scripts/setup.sh --help" >&2 && exit 2; }
fi

swift_version=6.3.1
swift_oldest=6.2
swift_home=${TASKWIRE_SWIFT_HOME:-$HOME/.local/share/taskwire/swift-$swift_version}
swift_site=https://download.swift.org
swift_keys=https://www.swift.org/keys/all-keys.asc

# What the service itself is built on, what generates its code, and what the tests run.
packages=(
    libhiredis-dev libnng-dev libprotobuf-c-dev libsqlite3-dev protobuf-c-compiler protobuf-compiler redis-server
    binutils git openssl python3 python3-venv valgrind
)
# What the Swift toolchain needs (https://www.swift.org/install/linux/tarball/).
toolchain_packages=(
    ca-certificates curl gnupg2 libc6-dev libcurl4-openssl-dev libedit2 libgcc-12-dev libncurses-dev
    libpython3-dev libsqlite3-0 libstdc++-12-dev libxml2-dev libz3-dev pkg-config tzdata zlib1g-dev
)

fail() {
    echo "setup.sh: $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "installing packages needs root: run this as root, or install sudo"
    fi
}

install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "setup.sh: installing ${missing[*]}" >&2
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

has_swift() {
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1)
    [ -n "$version" ] && [ "$(printf '%s\n' "$swift_oldest" "$version" | sort -V | head -n 1)" = "$swift_oldest" ]
}

install_swift() {
    install_packages "${toolchain_packages[@]}"
    local platform=debian12 architecture folder archive work
    architecture=$(uname -m)
    [ "$architecture" = x86_64 ] || platform=$platform-$architecture
    archive=swift-$swift_version-RELEASE-$platform.tar.gz
    folder=$swift_site/swift-$swift_version-release/$platform/swift-$swift_version-RELEASE
    work=$(mktemp -d)
    echo "setup.sh: installing Swift $swift_version to $swift_home" >&2
    curl --fail --silent --show-error --location --output "$work/$archive" "$folder/$archive"
    curl --fail --silent --show-error --location --output "$work/$archive.sig" "$folder/$archive.sig"
    curl --fail --silent --show-error --location "$swift_keys" | gpg --homedir "$work" --quiet --import -
    gpg --homedir "$work" --quiet --verify "$work/$archive.sig" "$work/$archive" ||
        fail "the signature of $archive is not Swift's"
    mkdir -p "$swift_home"
    tar --extract --gzip --file "$work/$archive" --directory "$swift_home" --strip-components 1
    rm -rf "$work"
}

command -v apt-get >/dev/null || fail "this is not a Debian system; CONTRIBUTING.md lists what is needed"
install_packages "${packages[@]}"
[ -d "$swift_home/usr/bin" ] && PATH=$swift_home/usr/bin:$PATH
if ! has_swift; then
    install_swift
    PATH=$swift_home/usr/bin:$PATH
    has_swift || fail "Swift $swift_version was installed to $swift_home but does not run"
fi
export PATH
