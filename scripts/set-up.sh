#!/usr/bin/env bash
# Installs what is missing for one purpose, and nothing else: set-up.sh demo|test|check|bench|fuzz
# Quick when all is there. Debian packages are installed as root or through sudo; services they bring do not start.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:?set-up.sh needs a purpose: demo, test, check, bench or fuzz}
node_at_least=18
# The provider that people sign in at in a journey needs a newer one.
[ "$purpose" = test ] && node_at_least=20

say() { printf '%s\n' "$*" >&2; }
stop() { say "set-up: $*"; exit 1; }

# --- tools that must be there ---------------------------------------------------------------------------------------
command -v cargo >/dev/null || stop "Rust is not installed; see https://rustup.rs, then run this again"
command -v npm >/dev/null || stop "Node.js with npm is not installed; install Node $node_at_least or newer, then run this again"
node_has=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
[ "$node_has" -ge "$node_at_least" ] || stop "Node.js $node_has is too old; install $node_at_least or newer"

# --- Debian packages ------------------------------------------------------------------------------------------------
# A C compiler and its headers link the program; curl and dig are what the demo tells people to try.
build="gcc libc6-dev"
demo="$build curl bind9-dnsutils"
tests="$demo git python3 python3-venv postgresql dnsperf squidguard chromium fonts-liberation nginx-light openssl unbound bind9 dnsmasq-base util-linux age knot-dnsutils slapd opensmtpd poppler-utils qpdf python3-pikepdf zbar-tools"
peers="unbound pdns-recursor bind9 knot-resolver dnsdist tinycdb dnsmasq-base dnsperf nghttp2-client openssl haproxy squid squidguard e2guardian tinyproxy nginx-light wrk python3"
case $purpose in
    demo) packages=$demo ;;
    test) packages=$tests ;;
    check) packages=$build ;;
    bench) packages="$demo $peers" ;;
    fuzz) packages="$build g++" ;;
    *) stop "'$purpose' is no purpose; say demo, test, check, bench or fuzz" ;;
esac

# What a package provides under another name counts: squid-openssl for squid, nginx for nginx-light, and so on.
provided() {
    case $1 in
        gcc) command -v cc ;;
        libc6-dev) test -e /usr/include/stdlib.h ;;
        g++) command -v c++ ;;
        bind9-dnsutils) command -v dig ;;
        bind9) command -v named ;;
        knot-dnsutils) command -v kdig ;;
        knot-resolver) command -v kresd ;;
        tinycdb) command -v cdb ;;
        nghttp2-client) command -v h2load ;;
        dnsmasq-base) command -v dnsmasq ;;
        util-linux) command -v runuser ;;
        pdns-recursor) command -v pdns_recursor ;;
        nginx-light) command -v nginx ;;
        squidguard) command -v squidGuard ;;
        opensmtpd) command -v smtpd ;;
        postgresql) ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null ;;
        poppler-utils) command -v pdftotext ;;
        zbar-tools) command -v zbarimg ;;
        python3-pikepdf) /usr/bin/python3 -c "import pikepdf" 2>/dev/null ;;
        python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null && echo ;;
        fonts-liberation) ls -d /usr/share/fonts/truetype/liberation* 2>/dev/null ;;
        *) command -v "$1" ;;
    esac >/dev/null
}
# Servers live where a plain account's path may not look.
PATH=$PATH:/usr/sbin:/sbin

missing=()
for package in $packages; do provided "$package" || missing+=("$package"); done

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -eq 0 ]; then as_root=()
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n)
    elif command -v sudo >/dev/null && [ -t 0 ]; then as_root=(sudo)
    else stop "these Debian packages are missing, and installing them needs root: ${missing[*]}
  Run as root: apt-get install --no-install-recommends ${missing[*]}"
    fi
    command -v apt-get >/dev/null || stop "these programs are missing, and there is no apt-get to install them: ${missing[*]}"
    say "set-up: installing ${missing[*]}"

    # Debian starts a service as soon as its package is there, unless this file says no. It is put back afterwards.
    policy=/usr/sbin/policy-rc.d
    kept=
    if [ -e "$policy" ]; then kept=$(mktemp); "${as_root[@]}" cp -p "$policy" "$kept"; fi
    put_back() {
        if [ -n "$kept" ]; then "${as_root[@]}" cp -p "$kept" "$policy"; rm -f "$kept"; else "${as_root[@]}" rm -f "$policy"; fi
    }
    trap put_back EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
    put_back
    trap - EXIT
fi

# --- tools of cargo -------------------------------------------------------------------------------------------------
tool() { # the program's name on the path; the crate's name is the same
    command -v "$1" >/dev/null || [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/$1" ] && return
    say "set-up: building $1, once; this takes some minutes"
    # A target folder of its own: the tool shares nothing with the program.
    env -u CARGO_TARGET_DIR cargo install --quiet --locked "$1"
}
# What others wrote and tests hold the program against (scim2-tester, aiosmtpd, http_ece, botocore), in an environment of its own.
judge() {
    local folder=$1
    if [ -x $folder/venv/bin/python ] && cmp -s $folder/requirements.txt $folder/venv/installed; then return; fi
    say "set-up: installing $(sed -n 's/==.*//p' $folder/requirements.txt | tr '\n' ' ')into $folder/venv"
    rm -rf $folder/venv
    python3 -m venv $folder/venv
    $folder/venv/bin/pip install --quiet --disable-pip-version-check --requirement $folder/requirements.txt
    cp $folder/requirements.txt $folder/venv/installed
}
case $purpose in
    test) tool cargo-nextest; judge journeys/scim; judge platform/notices/tests/judges; judge platform/backups/tests/judges; judge journeys/api ;;
    check) tool cargo-deny ;;
    fuzz) tool cargo-fuzz ;;
esac
