#!/usr/bin/env bash
# Makes the Debian package: package.sh [--program FILE] [--to FOLDER] [--version VERSION] [--quick]
# Without --program it takes the release program, which `make package` builds first. --quick packs less tightly. Prints the
# package's path. The same sources make the same bytes: times are those of the last commit, or of SOURCE_DATE_EPOCH.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
program=$target/release/fivebar to=$target/package quick= version=
while [ $# -gt 0 ]; do
    case $1 in
        --program) program=$2; shift 2 ;;
        --to) to=$2; shift 2 ;;
        --version) version=$2; shift 2 ;;
        --quick) quick=1; shift ;;
        *) echo "package: '$1' is no option" >&2; exit 2 ;;
    esac
done
stop() { echo "package: $*" >&2; exit 1; }
for tool in dpkg-deb objdump strip gzip; do command -v "$tool" >/dev/null || stop "$tool is not installed"; done
[ -x "$program" ] || stop "$program is not built: give it with --program, or run make package"

version=${version:-$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)}
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
# The newest symbol of the C library that the program asks for.
glibc=$(objdump -T "$program" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1 | cut -d_ -f2)

tree=$(mktemp -d "${TMPDIR:-/tmp}/fivebar-package.XXXXXX")
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
umask 022
put() { install -D -m "$1" "$2" "$tree/$3"; }
doc=usr/share/doc/fivebar

put 755 "$program" usr/bin/fivebar
strip --strip-unneeded "$tree/usr/bin/fivebar"
for unit in packaging/systemd/*; do put 644 "$unit" "usr/lib/systemd/system/${unit##*/}"; done
put 644 packaging/sysusers.d/fivebar.conf usr/lib/sysusers.d/fivebar.conf
put 644 packaging/tmpfiles.d/fivebar.conf usr/lib/tmpfiles.d/fivebar.conf

"$program" man --to "$tree/usr/share/man/man1" >/dev/null
gzip -9n "$tree"/usr/share/man/man1/*.1
completions() { mkdir -p "$tree/${2%/*}"; "$program" completions "$1" >"$tree/$2"; }
completions bash usr/share/bash-completion/completions/fivebar
completions zsh usr/share/zsh/vendor-completions/_fivebar
completions fish usr/share/fish/vendor_completions.d/fivebar.fish

mkdir -p "$tree/$doc"
licence=$(sed -e 's/^$/./' -e 's/^/ /' LICENSE-MIT)
awk -v licence="$licence" '$0 == "@MIT@" { print licence; next } { print }' packaging/debian/copyright >"$tree/$doc/copyright"
put 644 NOTICE.md "$doc/NOTICE.md"
put 644 CHANGELOG.md "$doc/CHANGELOG.md"
printf 'fivebar (%s) stable; urgency=medium\n\n  * What changed is said in CHANGELOG.md beside this file.\n\n -- %s  %s\n' \
    "$version" "$(sed -n 's/^Maintainer: //p' packaging/debian/control)" "$(date --utc -R --date="@$SOURCE_DATE_EPOCH")" |
    gzip -9n >"$tree/$doc/changelog.gz"
for page in docs/operations/{install,security,beside,filter-test}.md docs/guide/*.md; do put 644 "$page" "$doc/${page##*/}"; done
for policy in content/examples/*.toml; do put 644 "$policy" "$doc/examples/${policy##*/}"; done

kilobytes=$(du -sk --apparent-size "$tree" | cut -f1)
mkdir "$tree/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@KILOBYTES@/$kilobytes/" -e "s/@GLIBC@/$glibc/" \
    packaging/debian/control >"$tree/DEBIAN/control"
for script in postinst prerm postrm; do put 755 "packaging/debian/$script" "DEBIAN/$script"; done
(cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

mkdir -p "$to"
package=$to/fivebar_${version}_$architecture.deb
pack=(-Zxz)
[ -n "$quick" ] && pack=(-Zgzip -z1)
dpkg-deb --root-owner-group "${pack[@]}" --build "$tree" "$package" >/dev/null
printf '%s\n' "$package"
