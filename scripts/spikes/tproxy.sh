#!/usr/bin/env bash
# Trial of the two ways to catch traffic that was sent to somebody else: nftables `redirect` and `tproxy`, over IPv4 and
# IPv6, TCP and UDP. Three network namespaces in a row: a client, a gate that routes, and an origin. Needs root, iproute2,
# nftables and python3; touches nothing outside its namespaces and removes them. Prints a line for each case; ends with 1
# if one that docs/adr/0009-transparent-traffic.md relies on does not work.
set -euo pipefail
cd "$(dirname "$0")"
[ "$(id -u)" -eq 0 ] || { echo "tproxy.sh needs root: it makes network namespaces" >&2; exit 1; }

tag=fb$$
client=$tag-client gate=$tag-gate origin=$tag-origin
tidy_up() { for space in "$client" "$gate" "$origin"; do ip netns del "$space" 2>/dev/null || true; done; }
trap tidy_up EXIT
inside() { ip netns exec "$@"; }

for space in "$client" "$gate" "$origin"; do ip netns add "$space"; inside "$space" ip link set lo up; done
join() { # left space, its device, its last number, right space, its device, its last number, the network's number
    ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
    for side in "$1 $2 $3" "$4 $5 $6"; do
        read -r space device last <<<"$side"
        inside "$space" ip addr add "10.77.$7.$last/24" dev "$device"
        inside "$space" ip -6 addr add "fd77:$7::$last/64" dev "$device" nodad
        inside "$space" ip link set "$device" up
    done
}
join "$client" inner 2 "$gate" inner 1 1
join "$gate" outer 1 "$origin" outer 2 2
for address in 4 6; do
    near=10.77.1.1 far=10.77.2.1
    [ $address = 6 ] && near=fd77:1::1 far=fd77:2::1
    inside "$client" ip -$address route add default via $near
    inside "$origin" ip -$address route add default via $far
done
inside "$gate" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
# What TPROXY needs besides its rule: marked packets count as our own, whatever their destination.
inside "$gate" ip rule add fwmark 1 lookup 100
inside "$gate" ip route add local default dev lo table 100
inside "$gate" ip -6 rule add fwmark 1 lookup 100
inside "$gate" ip -6 route add local default dev lo table 100

redirect='table inet fivebar {
  chain catch { type nat hook prerouting priority dstnat;
    fib daddr type local return
    meta l4proto { tcp, udp } th dport { 80, 53 } redirect to :4000
  }
}'
tproxy='table inet fivebar {
  chain catch { type filter hook prerouting priority mangle;
    fib daddr type local return
    meta l4proto { tcp, udp } th dport 80 meta mark set 1 tproxy to :4000
    meta l4proto { tcp, udp } th dport 53 meta mark set 1 tproxy to :53
  }
}'
rules() { inside "$gate" nft flush ruleset; [ -z "$1" ] || printf '%s\n' "$1" | inside "$gate" nft -f -; }

failed=0
trial() { # what, "must" or "try", rules, rights of the listener, arguments of transparent.py
    local what=$1 need=$2 rights=$4; rules "$3"; shift 4
    local as=() said
    case $rights in
        root) ;;
        none) as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all) ;;
        *) as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=+"$rights" --ambient-caps=+"$rights") ;;
    esac
    if said=$(python3 transparent.py "$gate" "$client" "${as[*]}" "$@" 2>&1); then
        printf 'works      %-66s %s\n' "$what" "$said"
    else
        printf '%-10s %-66s %s\n' "$([ "$need" = must ] && echo FAILS || echo "does not")" "$what" "$(tail -n 1 <<<"$said")"
        if [ "$need" = must ]; then failed=1; fi
    fi
}

echo "Linux $(uname -r), $(nft --version), $(ip -V)"
for address in 10.77.2.2 fd77:2::2; do
    trial "redirect, TCP, SO_ORIGINAL_DST, no rights" must "$redirect" none tcp original "$address" 80 4000
    trial "redirect, UDP, answer comes from the asked address, no rights" must "$redirect" none udp plain "$address" 53 4000
    trial "redirect, UDP, the asked address can be told" try "$redirect" root udp control "$address" 53 4000
    trial "tproxy, TCP, getsockname, as root" must "$tproxy" root tcp sockname "$address" 80 4000
    trial "tproxy, TCP, no rights" try "$tproxy" none tcp sockname "$address" 80 4000
    trial "tproxy, TCP, CAP_NET_RAW alone" must "$tproxy" net_raw tcp sockname "$address" 80 4000
    trial "tproxy, TCP, CAP_NET_ADMIN alone" must "$tproxy" net_admin tcp sockname "$address" 80 4000
    trial "tproxy, TCP, socket opened by root and handed to no rights" must "$tproxy" root tcp handed "$address" 80 4000
    trial "tproxy, UDP, control message and answer by it, handed" must "$tproxy" root udp handed "$address" 53 53
    trial "tproxy, TCP, a socket may bind the client's address" must "$tproxy" root tcp spoof "$address" 80 4000
done
exit $failed
