#!/usr/bin/env bash
# Everything that must pass, in one run: browser journeys, documentation examples, then every test of the workspace
# (the checks about the repository among them) with a PostgreSQL server of its own. Ends with a plain line of counts.
set -uo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
logs=$(mktemp -d "${TMPDIR:-/tmp}/fivebar-test.XXXXXX")
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 skipped=0 broken=()

began=$SECONDS
part() { printf '\n== %s (at %d s)\n' "$1" $((SECONDS - began)); }
count() { grep -oE "$1" "$2" | grep -oE '[0-9]+' | awk '{ sum += $1 } END { print sum + 0 }'; }
add() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }

part "build"
# The whole workspace with its tests at once: anything less would choose other features and build much of it twice.
cargo build --workspace --bins --tests --locked || { echo "0 passed, 1 failed, 0 skipped (the build failed)"; exit 1; }
export FIVEBAR_PROGRAM="$target/debug/fivebar"

if [ -f journeys/browser/package.json ]; then
    part "browser journeys"
    (cd journeys/browser && node --test --test-concurrency=1 --test-reporter=tap) | tee "$logs/browser" || broken+=("browser journeys")
    add "$(count '^# pass [0-9]+' "$logs/browser")" "$(count '^# fail [0-9]+' "$logs/browser")" \
        "$(count '^# skipped [0-9]+' "$logs/browser")"
fi

part "documentation examples"
cargo test --workspace --doc --locked --quiet >"$logs/doc" 2>&1 || { broken+=("documentation examples"); cat "$logs/doc"; }
add "$(count '[0-9]+ passed' "$logs/doc")" "$(count '[0-9]+ failed' "$logs/doc")" "$(count '[0-9]+ ignored' "$logs/doc")"

part "workspace"
# The portal's sample pages are written out by their test, for the browser below.
export FIVEBAR_SAMPLES="$logs/samples"
"$target/debug/postgres-for-tests" cargo nextest run --workspace --lib --bins --tests --locked --color never 2>&1 | tee "$logs/nextest" || broken+=("workspace")
summary=$(grep -E '^ +Summary ' "$logs/nextest" | tail -n 1)
if [ -z "$summary" ]; then
    printf 'the workspace tests ended before their summary\n'
    broken+=("workspace"); add 0 1 0
else
    printf '%s' "$summary" >"$logs/summary"
    lost=$(count '[0-9]+ (failed|timed out|exec failed)' "$logs/summary")
    add "$(count '[0-9]+ passed' "$logs/summary")" "$lost" "$(count '[0-9]+ skipped' "$logs/summary")"
    printf '\n%s\n' "$summary"
fi

part "sample pages in a browser"
if node platform/web/assets/axe.mjs "$logs/samples"; then add 1 0 0; else broken+=("sample pages in a browser"); add 0 1 0; fi

# A part that failed without counting a failure (a crash, a compile error) still is one.
[ ${#broken[@]} -gt 0 ] && [ "$failed" -eq 0 ] && failed=${#broken[@]}
[ ${#broken[@]} -gt 0 ] && printf 'failed in: %s\n' "${broken[*]}"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
