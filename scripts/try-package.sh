#!/usr/bin/env bash
# Installs, sets up, upgrades, breaks, removes and purges the package in a Debian of its own that runs its own systemd, and
# asks it questions all the while: try-package.sh [--program FILE] [--debian FOLDER]
# As root, with debootstrap, dnsperf and a Debian mirror; --debian keeps the installation for another time. Nothing of this
# machine is touched: the Debian has its own processes, network and mounts.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
program=$target/release/fivebar debian=
while [ $# -gt 0 ]; do
    case $1 in
        --program) program=$2; shift 2 ;;
        --debian) debian=$2; shift 2 ;;
        *) echo "try-package: '$1' is no option" >&2; exit 2 ;;
    esac
done
[ "$(id -u)" -eq 0 ] || { echo "try-package: only root can start a Debian of its own" >&2; exit 1; }
for tool in debootstrap dnsperf nsenter unshare; do
    command -v "$tool" >/dev/null || { echo "try-package: $tool is not installed" >&2; exit 1; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/fivebar-try.XXXXXX")
leader=
end() {
    [ -n "$leader" ] && kill -KILL "$leader" 2>/dev/null
    sleep 1
    rm -rf "$work"
}
trap end EXIT
step() { printf '\n== %s\n' "$*"; }
failed() { echo "FAILED: $*"; exit 1; }

step "packages: as it is, a newer one, and one whose program ends at once"
first=$(scripts/package.sh --program "$program" --to "$work/deb" --quick)
newer=$(scripts/package.sh --program "$program" --to "$work/deb" --quick --version 0.1.1)
dpkg-deb -R "$newer" "$work/broken"
printf '#!/bin/sh\nexit 7\n' >"$work/broken/usr/bin/fivebar"
sed -i 's/^Version: .*/Version: 0.1.2/' "$work/broken/DEBIAN/control"
dpkg-deb -Zgzip -z1 --build "$work/broken" "$work/deb/broken.deb" >/dev/null

if command -v lintian >/dev/null; then
    step "lintian"
    lintian --fail-on error,warning "$first" || failed lintian
fi

step "a Debian with systemd"
if [ ! -x "${debian:-/none}/lib/systemd/systemd" ]; then
    debian=${debian:-$work/debian}
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,init-system-helpers,ca-certificates,curl,bind9-dnsutils,dnsmasq-base,iproute2,procps \
        bookworm "$debian" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$work/debootstrap" || { tail "$work/debootstrap"; failed debootstrap; }
fi
# A copy, so that what one run leaves is not in the way of the next.
cp -a "$debian" "$work/system"
cp "$work"/deb/*.deb "$work/system/srv/"
rm -rf "$work/system/var/lib/fivebar"

cat >"$work/boot" <<'BOOT'
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for folder in run tmp; do mount -t tmpfs tmpfs "$root/$folder"; done
mount -t tmpfs -o mode=755 dev "$root/dev"
node() { mknod -m 666 "$root/dev/$1" c "$2" "$3"; }
node null 1 3; node zero 1 5; node full 1 7; node random 1 8; node urandom 1 9; node tty 5 0
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
mount -t tmpfs shm "$root/dev/shm"
mount -t mqueue mqueue "$root/dev/mqueue"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ip link set lo up
cd "$root"
pivot_root . mnt
umount -l /mnt
exec env -i container=try PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --show-status=no
BOOT
unshare --fork --pid --mount --net --uts --ipc --cgroup bash "$work/boot" "$work/system" >"$work/console" 2>&1 &
starter=$!
for _ in $(seq 100); do
    leader=$(tr -d ' ' <"/proc/$starter/task/$starter/children" || true)
    [ -n "$leader" ] && [ "$(cat "/proc/$leader/comm" 2>/dev/null)" = systemd ] && break
    sleep 0.1
done
inside() { nsenter -t "$leader" -m -p -n -u -i -C -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
for _ in $(seq 100); do
    case $(inside systemctl is-system-running 2>/dev/null) in running | degraded) break ;; esac
    sleep 0.2
done
inside systemctl --version | head -n 1
active() { inside systemctl --quiet is-active "fivebar-$1"; }
main() { inside systemctl show -p MainPID --value fivebar-gate; }
closed() { inside dig @127.0.0.1 +time=3 +tries=1 www.pornhub.com | grep -q 'status: NXDOMAIN'; }

step "installed: nothing starts, nothing is asked of it"
inside dpkg -i "/srv/${first##*/}" || failed "dpkg -i"
active gate && failed "a gate runs before a school is set up"
inside systemctl start fivebar.target
active gate && failed "a gate runs before a school is set up"

step "set up"
inside dnsmasq --no-resolv --no-hosts --listen-address=127.0.0.1 --bind-interfaces --port=5399 --address=/#/203.0.113.7 --user=root --pid-file=/run/upstream.pid
inside fivebar init --yes --users --school Hillside --upstream 127.0.0.1:5399 >/dev/null
inside sed -i 's/answers-inside = "refuse"/answers-inside = "pass"/' /var/lib/fivebar/fivebar.toml
inside systemctl start fivebar.target
for part in gate log hub; do
    for _ in $(seq 150); do active "$part" && break; sleep 0.2; done
    active "$part" || { inside journalctl --no-pager -u "fivebar-$part" | tail; failed "the $part does not run"; }
done
closed || failed "a closed site is not refused"
[ "$(inside curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/)" = 200 ] || failed "no portal"

step "under load: reload, upgrade, a broken upgrade, a restart"
for number in $(seq 300); do printf 'www.pornhub.com A\nname-%s.wikipedia.org A\n' "$number"; done >"$work/questions"
nsenter -t "$leader" -n dnsperf -s 127.0.0.1 -p 53 -d "$work/questions" -l 40 -Q 1000 -q 200 -t 5 >"$work/dnsperf" 2>&1 &
asking=$!
while kill -0 "$asking" 2>/dev/null; do
    nsenter -t "$leader" -n curl -s -o /dev/null -w '%{http_code}\n' --max-time 8 -x http://127.0.0.1:3128 http://www.pornhub.com/ || echo "curl $?"
    sleep 0.1
done >"$work/pages" &
sleep 1
gate=$(main)
inside systemctl reload fivebar-gate || failed reload
[ "$(main)" != "$gate" ] || failed "the same gate after a reload"
gate=$(main)
inside dpkg -i "/srv/${newer##*/}" || failed upgrade
[ "$(main)" != "$gate" ] || failed "the same gate after an upgrade"
active log || failed "no log after the upgrade"
active hub || failed "no hub after the upgrade"
gate=$(main)
inside dpkg -i /srv/broken.deb || failed "a broken program must not fail apt"
[ "$(main)" = "$gate" ] || failed "the gate that serves did not go on"
active gate || failed "no gate beside a broken program"
inside dpkg -i "/srv/${newer##*/}" || failed "back to a whole one"
[ "$(main)" != "$gate" ] || failed "the same gate after going back"
inside systemctl restart fivebar-gate || failed restart
wait "$asking"
grep -E 'Queries (sent|completed|lost)|Response codes' "$work/dnsperf"
sort "$work/pages" | uniq -c
grep -q 'Queries lost: *0 ' "$work/dnsperf" || failed "answers were lost"
[ "$(sort -u "$work/pages")" = 403 ] || failed "a page was refused"
closed || failed "a closed site is not refused"

step "killed under load: only what it was asking about itself is lost"
nsenter -t "$leader" -n dnsperf -s 127.0.0.1 -p 53 -d "$work/questions" -l 5 -Q 1000 -q 200 -t 5 >"$work/dnsperf" 2>&1 &
asking=$!
sleep 1
inside kill -KILL "$(main)"
wait "$asking"
grep -E 'Queries (sent|lost)' "$work/dnsperf"
lost=$(sed -n 's/^ *Queries lost: *\([0-9]*\).*/\1/p' "$work/dnsperf")
[ "$lost" -le 50 ] || failed "$lost questions were lost"

step "back up, restore"
inside fivebar backup --to /srv/school.backup >/dev/null
inside systemctl stop fivebar.target fivebar-gate fivebar-hub fivebar-log
inside fivebar restore /srv/school.backup --replace >/dev/null || failed restore
inside systemctl start fivebar.target
for _ in $(seq 100); do closed && break; sleep 0.2; done
closed || failed "a closed site is not refused after a restore"

step "removed: the program goes, the school stays; installed again it runs"
inside dpkg -r fivebar || failed "dpkg -r"
active gate && failed "a gate runs after removal"
inside test -f /var/lib/fivebar/fivebar.toml || failed "the school is gone"
inside dpkg -i "/srv/${newer##*/}" || failed "installed again"
for _ in $(seq 100); do closed && break; sleep 0.2; done
closed || failed "it does not run again"

step "purged: the records stay until somebody removes them"
inside dpkg -P fivebar 2>&1 | tee "$work/purged"
grep -q 'rm -r /var/lib/fivebar' "$work/purged" || failed "purge does not say where the records are"
inside test -f /var/lib/fivebar/fivebar.toml || failed "purge took the records"
step "the install page, command by command"
inside rm -r /var/lib/fivebar
rm -f "$work"/system/srv/*
cp "$first" "$work/system/srv/"
printf '#!/bin/sh\nexec "$@"\n' >"$work/system/usr/local/bin/sudo"
chmod 755 "$work/system/usr/local/bin/sudo"
# Each block of commands that the page says is tried, in its order.
awk -v to="$work/block" '/^<!-- tried -->$/ { tried = 1; next } tried && /^```sh$/ { taking = 1; tried = 0; number++; next }
    /^```$/ { taking = 0 } taking { print > (to "." sprintf("%02d", number)) }' docs/operations/install.md
blocks=0
for block in "$work"/block.*; do
    blocks=$((blocks + 1))
    # The second time the package is named, it is the newer one.
    if grep -q 'apt install' "$block" && [ "$blocks" -gt 1 ]; then
        rm -f "$work"/system/srv/*
        cp "$newer" "$work/system/srv/"
    fi
    # What the page has somebody write into the settings.
    if grep -q 'systemctl reload' "$block"; then
        inside sed -i 's/^\[dns\]$/[dns]\nrouters = ["192.168.1.1"]/' /var/lib/fivebar/fivebar.toml
    fi
    sed 's/^/    $ /' "$block"
    # One line at a time, as somebody types it; what starts takes a moment, and who types is patient.
    while read -r line; do
        said=
        for _ in $(seq 40); do
            if said=$(inside sh -c "cd /srv && PATH=/usr/local/bin:\$PATH && $line" <<<y 2>&1); then break; fi
            case $line in *alive*) sleep 0.5 ;; *) printf '%s\n' "$said"; failed "$line" ;; esac
        done
        case $line in
            dig*) grep -q 'status: NXDOMAIN' <<<"$said" && grep -q 'Blocked' <<<"$said" || failed "$line: $said" ;;
            *alive) grep -q 'Every part answers' <<<"$said" || failed "$line: $said" ;;
            *'--as 192.168.1.99') grep -q '^block' <<<"$said" || failed "$line: $said" ;;
            *'--as 192.168.1.1') grep -q 'routers' <<<"$said" || failed "$line: $said" ;;
        esac
    done <"$block"
done
[ "$blocks" -ge 8 ] || failed "the page has only $blocks blocks that are tried"
inside test -f /var/lib/fivebar/fivebar.toml || failed "the school is gone"

printf '\nall as it should be\n'
