#!/usr/bin/env bash
# Fetches the npm packages that pages, printed documents and browser tests are made from, as their lock files say: assets.sh [--for-pages]
# With --for-pages only what building the program needs. Quick when all is there and up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

fetch() { # a folder, what npm is told besides
    [ -f "$1/package-lock.json" ] || return 0
    local mark="$1/node_modules/.fetched" lock
    lock=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
    # A full set also serves where the small one is asked for.
    case $(cat "$mark" 2>/dev/null) in "$lock" | "$lock $2") return 0 ;; esac
    printf 'assets: npm ci in %s\n' "$1" >&2
    # shellcheck disable=SC2086 # $2 is empty or one flag
    (cd "$1" && npm ci --no-audit --no-fund --loglevel=error $2)
    printf '%s' "$lock${2:+ $2}" >"$mark"
}

fetch platform/documents/assets ""
if [ "${1:-}" = --for-pages ]; then
    fetch platform/web/assets --omit=dev
else
    fetch platform/web/assets ""
    fetch journeys/browser ""
fi
