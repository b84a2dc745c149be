"""Commands that try to get privileges, the network and secrets.

Each is written so that it harms nobody where it succeeds: it looks whether a door is open and does not go through.
Python ones fail in peace where Python has no `ctypes` or `socket`.
"""

from __future__ import annotations

from gameable.sandbox_attacks.attack import ENDED, REFUSED, WAITED, Attack, gains, kernel


def _connects(code: str) -> str:
    """Return a command that says so when this Python code, with `s` for the module `socket`, runs through."""
    return f'python3 -c \'import socket as s; s.setdefaulttimeout(2); {code}\nprint("GAI" + "NED")\''


_DEVICES = "mem kmem port kmsg kvm fuse sda vda nvme0n1 xvda loop-control net/tun"
_SWITCHES = "/proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /sys/kernel/uevent_helper"

_UNIX = """
for path in [line.split()[7] for line in open("/proc/net/unix") if "/" in line or "@" in line]:
  if s.socket(1).connect_ex(path.replace("@", chr(0))) == 0: break
else: raise OSError"""
"""Python that ends well when some unix socket takes a connection."""

PRIVILEGES = (
    Attack("user namespace", gains("unshare -U true || unshare -r true"), REFUSED),
    Attack("user namespace by system call", kernel("c.unshare(0x10000000)"), REFUSED),
    Attack("user namespace by clone", kernel("c.syscall(n(56, 220), 0x10000011, 0, 0, 0, 0)"), REFUSED),
    Attack("mount namespace", kernel("c.unshare(0x00020000)"), REFUSED),
    Attack("mount", gains("mkdir m && mount -t tmpfs none m"), REFUSED),
    Attack("mount by system call", kernel('c.mount(b"none", b"/tmp", b"tmpfs", 0, None)'), REFUSED),
    Attack("mount of the new kind", kernel('c.syscall(430, b"tmpfs", 0)'), REFUSED),
    Attack("chroot", kernel('c.chroot(b"/")'), REFUSED),
    Attack("ptrace", kernel("c.ptrace(0x4206, 1, 0, 0)"), REFUSED),
    Attack("io_uring", kernel("c.syscall(425, 1, 0)"), REFUSED),
    Attack("bpf", kernel("c.syscall(n(321, 280), 0, 0, 0)"), REFUSED),
    Attack("userfaultfd", kernel("c.syscall(n(323, 282), 0)"), REFUSED),
    Attack("performance counters", kernel("c.syscall(n(298, 241), 0, 0, -1, -1, 0)"), REFUSED),
    Attack("kernel keys", kernel("c.syscall(n(250, 219), 0, -4, 1)"), REFUSED),
    Attack("kernel module", kernel('c.syscall(n(313, 273), -1, b"", 0)'), REFUSED),
    Attack("becoming root", kernel("c.setuid(0)"), REFUSED),
    Attack(
        "suid copy",
        gains('cp /bin/bash sh; chmod 4755 sh; u=$(./sh -p -c "id -u"); [ "$u" ] && [ "$u" != "$(id -u)" ]'),
        REFUSED,
    ),
    Attack("su and sudo", gains('[ "$(su -c "id -u" < /dev/null || sudo -n id -u)" = 0 ]'), WAITED),
    Attack("own host name", gains('hostname pwned; [ "$(hostname)" = pwned ]'), REFUSED),
    Attack(
        "higher limits",
        kernel('(lambda r: r.setrlimit(7, (5, r.getrlimit(7)[1] + 1)) or 0)(__import__("resource"))'),
        REFUSED,
    ),
    Attack("higher priority", kernel("c.setpriority(0, 0, -5)"), REFUSED),
    Attack(
        "spared by the memory killer",
        gains("[ -e /proc/self/oom_score_adj ] && echo -1000 > /proc/self/oom_score_adj"),
        REFUSED,
    ),
    Attack("core dump", gains("ulimit -c unlimited; sh -c 'kill -SEGV $$'; ls core*"), REFUSED),
    Attack(
        "kernel switches", gains(f"for f in {_SWITCHES}; do [ -e $f ] && : >> $f && echo $f; done | grep ."), REFUSED
    ),
    Attack("devices of the host", gains(f"for d in {_DEVICES}; do [ -r /dev/$d ] && echo $d; done | grep ."), REFUSED),
    Attack("lowest limits", "ulimit -n 3; ulimit -v 1000; ulimit -t 0; ulimit -u 0; ls", ENDED),
)

NETWORK = (
    Attack("tcp by the shell", gains("exec 3<> /dev/tcp/1.1.1.1/53"), WAITED),
    Attack("tcp by python", _connects('s.create_connection(("1.1.1.1", 53), 2)'), WAITED),
    Attack("udp", _connects('s.socket(2, 2).sendto(b"x", ("1.1.1.1", 53))'), REFUSED),
    Attack("udp over ipv6", _connects('s.socket(10, 2).sendto(b"x", ("2606:4700:4700::1111", 53))'), REFUSED),
    Attack(
        "broadcast",
        _connects('b = s.socket(2, 2); b.setsockopt(1, 6, 1); b.sendto(b"x", ("255.255.255.255", 9))'),
        REFUSED,
    ),
    Attack("names by dns", _connects('s.getaddrinfo("example.com", 80)'), WAITED),
    Attack("download", gains("curl -m 2 http://1.1.1.1 || wget -T 2 -t 1 -O - http://1.1.1.1"), WAITED),
    Attack("raw sockets", _connects("s.socket(2, 3, 1)"), REFUSED),
    Attack("packet sockets", _connects("s.socket(17, 3, 768)"), REFUSED),
    Attack("the host by vsock", _connects("s.socket(40, 1).connect((2, 1024))"), WAITED),
    Attack("unix sockets of others", _connects(_UNIX), REFUSED),
    Attack(
        "the Docker socket", gains("[ -e /var/run/docker.sock ] || [ -e /run/containerd/containerd.sock ]"), REFUSED
    ),
    Attack("interfaces", gains("grep -v -e lo: -e '|' /proc/net/dev"), REFUSED),
)

SECRETS = (
    Attack("process files", "cat /proc/self/environ /proc/1/cmdline; ls /proc /dev; kill -9 1 $$", ENDED),
    Attack("environment of process 1", gains("cat /proc/1/environ | grep -a ="), REFUSED),
    Attack("memory of process 1", gains("cat /proc/1/maps | grep . || [ -w /proc/1/mem ]"), REFUSED),
    Attack(
        "descriptors of process 1",
        gains("for f in /proc/1/fd/*; do [ -p $f ] || [ -S $f ] && echo $f; done | grep ."),
        REFUSED,
    ),
    Attack("root of process 1", gains("ls -d /proc/1/root/* || ls -d /proc/1/cwd/*"), REFUSED),
    Attack("password hashes", gains("grep '[$]' /etc/shadow /etc/gshadow /etc/passwd"), REFUSED),
    Attack(
        "keys and tokens",
        gains("ls /root/.ssh /root/.aws /root/.config /var/run/secrets /run/secrets | grep ."),
        REFUSED,
    ),
)
