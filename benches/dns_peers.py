"""The DNS filters from Debian that we measure beside: how each is told the same list, upstream and port."""
import os
import subprocess

from machine import write

RPZ_HEAD = "$TTL 3600\n@ SOA localhost. root.localhost. {serial} 3600 600 86400 3600\n@ NS localhost.\n"


def rpz(path, names, serial=1, origin=""):
    with open(path + ".new", "w") as zone:
        zone.write(origin + RPZ_HEAD.format(serial=serial))
        zone.writelines(f"{name} CNAME .\n*.{name} CNAME .\n" for name in names)
    os.rename(path + ".new", path)


class Unbound:
    """One local zone a name; its quickest form of a block list."""

    name, package = "unbound local-zone", "unbound"

    def prepare(self, folder, port, upstream, names):
        self.folder = folder
        with open(f"{folder}/zones.conf", "w") as zones:
            zones.write("server:\n")
            zones.writelines(f'local-zone: "{name}." always_nxdomain\n' for name in names)
        write(f"{folder}/unbound.conf", f"""server:
 directory: "{folder}"
 chroot: ""
 username: ""
 pidfile: "{folder}/unbound.pid"
 interface: 127.0.0.1
 port: {port}
 do-daemonize: no
 num-threads: 1
 use-syslog: no
 verbosity: 0
 so-rcvbuf: 4m
 so-sndbuf: 4m
 msg-cache-size: 256m
 rrset-cache-size: 512m
 outgoing-range: 4096
 num-queries-per-thread: 2048
 do-not-query-localhost: no
 access-control: 127.0.0.0/8 allow
 module-config: "iterator"
remote-control:
 control-enable: yes
 control-interface: {folder}/unbound.sock
 control-use-cert: no
forward-zone:
 name: "."
 forward-addr: 127.0.0.1@{upstream}
include: "{folder}/zones.conf"
""")
        return ["unbound", "-d", "-p", "-c", f"{folder}/unbound.conf"]

    def add(self, name, names):
        with open(f"{self.folder}/zones.conf", "a") as zones:
            zones.write(f'local-zone: "{name}." always_nxdomain\n')
        subprocess.run(["unbound-control", "-c", f"{self.folder}/unbound.conf", "reload"], capture_output=True, check=True)


class Recursor:
    """PowerDNS Recursor with a response policy zone."""

    name, package = "pdns-recursor RPZ", "pdns-recursor"

    def prepare(self, folder, port, upstream, names):
        self.folder = folder
        rpz(f"{folder}/rpz.zone", names, origin="$ORIGIN rpz.test.\n")
        write(f"{folder}/rpz.lua", f'rpzFile("{folder}/rpz.zone", {{policyName="rpz.test"}})\n')
        write(f"{folder}/recursor.conf", f"""local-address=127.0.0.1
local-port={port}
socket-dir={folder}
config-dir={folder}
daemon=no
write-pid=no
threads=1
forward-zones-recurse=.=127.0.0.1:{upstream}
dont-query=
dnssec=off
lua-config-file={folder}/rpz.lua
max-cache-entries=1000000
max-packetcache-entries=500000
quiet=yes
security-poll-suffix=
max-mthreads=4096
server-id=x
hint-file=no
""")
        return ["pdns_recursor", f"--config-dir={folder}"]

    def add(self, name, names):
        rpz(f"{self.folder}/rpz.zone", [*names, name], 2, "$ORIGIN rpz.test.\n")
        asked = ["rec_control", f"--config-dir={self.folder}", f"--socket-dir={self.folder}", "reload-lua-config"]
        subprocess.run(asked, capture_output=True, check=True)


class Bind:
    """BIND with a response policy zone and one worker."""

    name, package = "bind RPZ", "bind9"

    def prepare(self, folder, port, upstream, names):
        self.folder = folder
        rpz(f"{folder}/rpz.zone", names, origin="$ORIGIN rpz.test.\n")
        write(f"{folder}/named.conf", f"""options {{ directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }};
 listen-on-v6 {{ none; }}; pid-file "{folder}/named.pid"; session-keyfile "{folder}/session.key";
 managed-keys-directory "{folder}"; forwarders {{ 127.0.0.1 port {upstream}; }}; forward only; dnssec-validation no;
 recursion yes; allow-query {{ any; }}; max-cache-size 512m; recursive-clients 8192; minimal-responses yes;
 response-policy {{ zone "rpz.test" max-policy-ttl 3600; }} qname-wait-recurse no; }};
zone "rpz.test" {{ type primary; file "{folder}/rpz.zone"; allow-query {{ none; }}; notify no; }};
controls {{ }};
logging {{ channel none {{ null; }}; category default {{ none; }}; }};
""")
        return ["named", "-f", "-n", "1", "-c", f"{folder}/named.conf"]


ALL = [Unbound, Recursor, Bind]


def version(package):
    said = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True)
    return said.stdout or "?"
