#!/usr/bin/env bash
# Makes authorities, certificates and keys for tests in a folder: Scripts/test-certificates.sh FOLDER
#
# `ca` issues `server` (DNS:localhost), `elsewhere` (DNS:elsewhere.test) and `client`; `other-ca` issues `other-client`
# and `other-server`, which also has DNS:localhost. They are valid for a day and worth nothing.
set -euo pipefail
. "$(dirname "$0")/help.sh"
[ $# -eq 1 ] || {
    echo "usage: test-certificates.sh FOLDER" >&2
    exit 2
}
mkdir -p "$1"
cd "$1"
umask 077

authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=Taskwire test $1" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
        -keyout "$1-key.pem" -out "$1.pem" 2>/dev/null
}

# certificate NAME AUTHORITY USAGE [SUBJECT-ALTERNATIVE-NAME]
certificate() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$1-key.pem" -out "$1.csr" 2>/dev/null
    {
        echo "extendedKeyUsage=$3"
        [ -z "${4:-}" ] || echo "subjectAltName=$4"
    } >"$1.extensions"
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2-key.pem" -CAcreateserial -days 1 \
        -extfile "$1.extensions" -out "$1.pem" 2>/dev/null
    rm "$1.csr" "$1.extensions"
}

authority ca
authority other-ca
certificate server ca serverAuth DNS:localhost
certificate elsewhere ca serverAuth DNS:elsewhere.test
certificate client ca clientAuth
certificate other-server other-ca serverAuth DNS:localhost
certificate other-client other-ca clientAuth
