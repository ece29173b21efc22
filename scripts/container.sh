#!/usr/bin/env bash
# Builds the container: container.sh [--program FILE] [--gather FOLDER]
# Needs buildah or podman and no registry: the image begins empty. With --gather it only puts what goes into it there.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
program=$target/release/fivebar gather=
while [ $# -gt 0 ]; do
    case $1 in
        --program) program=$2; shift 2 ;;
        --gather) gather=$2; shift 2 ;;
        *) echo "container: '$1' is no option" >&2; exit 2 ;;
    esac
done
[ -x "$program" ] || { echo "container: $program is not built: give it with --program" >&2; exit 1; }

folder=${gather:-$(mktemp -d "${TMPDIR:-/tmp}/fivebar-container.XXXXXX")}
[ -n "$gather" ] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/root/etc" "$folder/root/tmp" "$folder/school"
chmod 1777 "$folder/root/tmp"
chmod 700 "$folder/school"
install -D -m 755 "$program" "$folder/root/usr/bin/fivebar"
strip --strip-unneeded "$folder/root/usr/bin/fivebar"
# Each library where the program looks for it, with the loader.
ldd "$program" | grep -oE '/[^ ]+' | sort -u | while read -r library; do
    install -D -m 755 "$(readlink -f "$library")" "$folder/root$library"
done
# Whom this machine trusts, for lists from the web.
certificates=/etc/ssl/certs/ca-certificates.crt
[ -f $certificates ] && install -D -m 644 $certificates "$folder/root$certificates"
printf 'fivebar:x:10530:10530::/var/lib/fivebar:/\n' >"$folder/root/etc/passwd"
printf 'fivebar:x:10530:\n' >"$folder/root/etc/group"
cp packaging/Containerfile "$folder/"
[ -z "$gather" ] || exit 0

for tool in buildah podman; do
    command -v $tool >/dev/null || continue
    $tool build --format docker --tag fivebar --file "$folder/Containerfile" "$folder"
    exit
done
echo "container: neither buildah nor podman is installed" >&2
exit 1
