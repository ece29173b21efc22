#!/usr/bin/env bash
# Runs every fuzz target for so many seconds, one after the other: fuzz.sh 600 [target…]
# What a run finds goes to fuzz/corpus-found/; the kept corpus is only read, so that the tree stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?fuzz.sh needs seconds}; shift
unset CARGO_TARGET_DIR
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo fuzz list)
for target in "${targets[@]}"; do
    found="fuzz/corpus-found/$target"; kept="fuzz/corpus/$target"
    mkdir -p "$found"
    echo "== $target, $seconds s"
    cargo fuzz run --sanitizer none "$target" "$found" $([ -d "$kept" ] && echo "$kept") -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
