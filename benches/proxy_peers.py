"""The proxies from Debian that we measure beside: how each is told the same port, origin and list.

`kinds` says what each is measured by (tinyproxy closes a kept connection after a request, so a GET would measure that).
`refusal` is what its answer for a listed site must hold, so that a list that was not read is noticed.
"""
import os
import re
import shutil
import subprocess

from machine import write

SQUID = """http_port 127.0.0.1:{port}
pid_filename {folder}/squid.pid
cache deny all
access_log none
cache_log {folder}/cache.log
cache_store_log none
coredump_dir {folder}
icon_directory /usr/share/squid/icons
workers 1
shutdown_lifetime 1 seconds
netdb_filename none
pinger_enable off
{more}
http_access allow all
"""


def everyone(folder):
    """Debian's proxies give up root for an account of their own, which must reach its folder."""
    subprocess.run(["chmod", "-R", "a+rwX", folder], check=True)


class Haproxy:
    """A reverse proxy without any list: what a proxy costs at best."""

    name, package, kinds, refusal = "haproxy (no list)", "haproxy", ("GET",), None

    def prepare(self, folder, port, origin, names):
        write(f"{folder}/haproxy.cfg", f"""global
 nbthread 1
defaults
 mode http
 timeout connect 5s
 timeout client 30s
 timeout server 30s
frontend front
 bind 127.0.0.1:{port}
 default_backend back
backend back
 server one 127.0.0.1:{origin}
""")
        return ["haproxy", "-db", "-f", f"{folder}/haproxy.cfg"]


class Squid:
    """Squid as it comes, without a list."""

    name, package, kinds, refusal = "squid (no list)", "squid-openssl", ("GET", "tunnels"), None
    more = ""

    def prepare(self, folder, port, origin, names):
        write(f"{folder}/squid.conf", SQUID.format(port=port, folder=folder, more=self.more))
        everyone(folder)
        return ["squid", "-N", "-n", "fivebar" + re.sub("[^a-z0-9]", "", os.path.basename(folder))[-8:], "-f", f"{folder}/squid.conf"]


class SquidGuard(Squid):
    """Squid asking squidGuard, with the list in its compiled form."""

    name, package, kinds, refusal = "squid + squidGuard", "squidguard", ("GET",), b"127.0.0.1:1/blocked"

    def prepare(self, folder, port, origin, names):
        os.makedirs(f"{folder}/db/bad")
        with open(f"{folder}/db/bad/domains", "w") as domains:
            domains.writelines(f"{name}\n" for name in names)
        write(f"{folder}/guard.conf", f"""dbhome {folder}/db
logdir {folder}
dest bad {{ domainlist bad/domains }}
acl {{ default {{ pass !bad all
 redirect http://127.0.0.1:1/blocked }} }}
""")
        subprocess.run(["squidGuard", "-c", f"{folder}/guard.conf", "-C", "all"], capture_output=True, check=True)
        self.more = f"""url_rewrite_program /usr/bin/squidGuard -c {folder}/guard.conf
url_rewrite_children 4 startup=4 idle=1 concurrency=0"""
        return super().prepare(folder, port, origin, names)


class E2guardian:
    """e2guardian with the list and without phrases, so that it does no more than we do."""

    name, package, kinds, refusal = "e2guardian (list, no phrases)", "e2guardian", ("GET",), b"E2 Guardian Block page"

    def prepare(self, folder, port, origin, names):
        own = f"{folder}/e2guardian"
        shutil.copytree("/etc/e2guardian", own)
        for parent, _, files in os.walk(own):
            for file in files:
                self.change(f"{parent}/{file}", lambda text: text.replace("/etc/e2guardian", own))
        settings = {
            "filterports": port, "filterip": "127.0.0.1", "nodaemon": "on", "nologger": "on", "httpworkers": "64",
            "loglevel": "0", "checkip": "127.0.0.1", "weightedphrasemode": "0",
        }

        def main(text):
            for key, value in settings.items():
                text = re.sub(rf"(?m)^#?\s*{key}\s*=.*$", f"{key} = {value}", text, count=1)
            text = re.sub(r"(?m)^transparenthttpsport.*$", "", text)
            return text + (f"\nloglocation = '{folder}/access.log'\npidfilename = '{folder}/e2.pid'\n"
                           "daemonuser = 'root'\ndaemongroup = 'root'\n")

        phrases = r"(?m)^(bannedphraselist|weightedphraselist|exceptionphraselist|contentregexplist).*$"
        self.change(f"{own}/e2guardian.conf", main)
        self.change(f"{own}/e2guardianf1.conf", lambda text: re.sub(phrases, "", text))
        with open(f"{own}/lists/bannedsitelist", "w") as banned:
            banned.writelines(f"{name}\n" for name in names)
        everyone(folder)
        return ["e2guardian", "-N", "-c", f"{own}/e2guardian.conf"]

    @staticmethod
    def change(path, how):
        with open(path, encoding="latin-1") as file:
            text = file.read()
        new = how(text)
        if new != text:
            with open(path, "w", encoding="latin-1") as file:
                file.write(new)


class Tinyproxy:
    """tinyproxy, without a list."""

    name, package, kinds, refusal = "tinyproxy (no list)", "tinyproxy", ("tunnels",), None

    def prepare(self, folder, port, origin, names):
        write(f"{folder}/tinyproxy.conf", f"""Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 400
LogLevel Critical
LogFile "{folder}/tinyproxy.out"
Allow 127.0.0.1
""")
        return ["tinyproxy", "-d", "-c", f"{folder}/tinyproxy.conf"]


ALL = [Haproxy, Squid, SquidGuard, E2guardian, Tinyproxy]
