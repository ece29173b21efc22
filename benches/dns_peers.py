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


class UnboundRpz(Unbound):
    """Unbound with a response policy zone."""

    name = "unbound RPZ"

    def prepare(self, folder, port, upstream, names):
        command = super().prepare(folder, port, upstream, [])
        rpz(f"{folder}/rpz.zone", names, origin="$ORIGIN rpz.test.\n")
        with open(f"{folder}/unbound.conf") as file:
            text = file.read().replace('module-config: "iterator"', 'module-config: "respip iterator"')
        write(f"{folder}/unbound.conf", text + f'rpz:\n name: rpz.test\n zonefile: "{folder}/rpz.zone"\n')
        return command


class Knot:
    """Knot Resolver with a response policy zone."""

    name, package = "knot-resolver RPZ", "knot-resolver"

    def prepare(self, folder, port, upstream, names):
        rpz(f"{folder}/rpz.zone", names, origin="$ORIGIN rpz.test.\n")
        write(f"{folder}/kresd.conf", f"""net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})
modules = {{ 'policy', 'stats' }}
trust_anchors.remove('.')
cache.size = 512 * MB
policy.add(policy.rpz(policy.DENY, '{folder}/rpz.zone', false))
policy.add(policy.all(policy.STUB('127.0.0.1@{upstream}')))
""")
        return ["kresd", "-n", "-c", f"{folder}/kresd.conf", folder]


class Dnsdist:
    """dnsdist with the names in a constant database, its quickest form of a list that does not fit in its rules."""

    name, package = "dnsdist CDB", "dnsdist"

    def prepare(self, folder, port, upstream, names):
        made = subprocess.Popen(["cdb", "-c", "-t", f"{folder}/new", f"{folder}/list.cdb"], stdin=subprocess.PIPE)
        for name in names:
            key = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
            made.stdin.write(b"+%d,1:%s->1\n" % (len(key), key))
        made.stdin.write(b"\n")
        made.stdin.close()
        if made.wait() != 0:
            raise RuntimeError("cdb could not write the list")
        write(f"{folder}/dnsdist.conf", f"""setLocal("127.0.0.1:{port}")
setACL({{"127.0.0.0/8"}})
newServer({{address="127.0.0.1:{upstream}", healthCheckMode="up", sockets=4}})
pc = newPacketCache(500000, {{maxTTL=86400}})
getPool(""):setCache(pc)
setSecurityPollSuffix("")
setMaxUDPOutstanding(60000)
setUDPTimeout(1)
kvs = newCDBKVStore("{folder}/list.cdb", 1)
addAction(KeyValueStoreLookupRule(kvs, KeyValueLookupKeySuffix(1)), RCodeAction(DNSRCode.NXDOMAIN))
""")
        return ["dnsdist", "--supervised", "--disable-syslog", "-C", f"{folder}/dnsdist.conf"]


class Dnsmasq:
    """dnsmasq with one server line a name. It takes half a millisecond a question: with many under way it loses some."""

    under_way = 32
    name, package = "dnsmasq", "dnsmasq-base"

    def prepare(self, folder, port, upstream, names):
        with open(f"{folder}/servers", "w") as servers:
            servers.write(f"server=127.0.0.1#{upstream}\n")
            servers.writelines(f"server=/{name}/\n" for name in names)
        return ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", f"--port={port}", "--listen-address=127.0.0.1",
                "--bind-interfaces", "--no-resolv", "--no-hosts", f"--servers-file={folder}/servers", "--cache-size=10000",
                "--dns-forward-max=4096", "--user=root", f"--pid-file={folder}/pid"]


class UnboundEncrypted(Unbound):
    """Unbound with its local zones, over TLS and HTTPS too."""

    name = "unbound encrypted"

    def __init__(self, tls, https):
        self.tls, self.https = tls, https

    def prepare(self, folder, port, upstream, names):
        command = super().prepare(folder, port, upstream, names)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=dns.school.example", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                       capture_output=True, check=True)
        with open(f"{folder}/unbound.conf") as file:
            text = file.read().replace(f" port: {port}\n", f""" port: {port}
 interface: 127.0.0.1@{self.tls}
 interface: 127.0.0.1@{self.https}
 tls-port: {self.tls}
 https-port: {self.https}
 tls-service-key: "{folder}/key.pem"
 tls-service-pem: "{folder}/cert.pem"
 incoming-num-tcp: 256
 http-max-streams: 256
""")
        write(f"{folder}/unbound.conf", text)
        return command


ALL = [Unbound, Recursor, Bind]
MORE = [UnboundRpz, Knot, Dnsdist, Dnsmasq]


def version(package):
    said = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True)
    return said.stdout or "?"
