"""What a pull needs: a registry and two engines, each side in a network of its own, a shaped link between.

Nothing of it is seen outside: two network namespaces, sockets and folders under one temporary folder.
Leaving the `with` takes everything down again, whatever happened inside.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

TOOLS = {
    "dockerd": "docker.io",
    "containerd": "containerd",
    "docker-registry": "docker-registry",
    "unpigz": "pigz",
    "pigz": "pigz",
    "zstd": "zstd",
    "ip": "iproute2",
    "tc": "iproute2",
    "nsenter": "util-linux",
    "nice": "coreutils",
}
"""Each tool, and the Debian package that has it."""
REGISTRY = "10.213.7.1:5000"
NICE = -15


def missing() -> str | None:
    """What keeps this machine from pulling, in one line."""
    if os.geteuid() != 0:
        return "this needs root, for network namespaces and for the engines"
    absent = sorted(tool for tool in TOOLS if shutil.which(tool) is None)
    if absent:
        packages = " ".join(sorted({TOOLS[tool] for tool in absent}))
        hint = (
            f"; apt-get install -y --no-install-recommends {packages}"
            if shutil.which("apt-get")
            else ""
        )
        return f"{', '.join(absent)} not found{hint}"
    name = f"pulls-try-{os.getpid()}"
    for words in (
        ["ip", "netns", "add", name],
        ["ip", "-n", name, "link", "add", "a0", "type", "veth", "peer", "name", "a1"],
        ["tc", "-n", name, "qdisc", "add", "dev", "a0", "root", *_tbf(100)],
    ):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            break
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return f"`{' '.join(words)}` failed: {done.stderr.strip()}" if done.returncode else None


class Rig:
    """A registry, dockerd and containerd that are up as long as the `with` lasts."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="hunter-pulls-"))
        self.registry_root = self.root / "registry"
        self.docker_socket = self.root / "docker.sock"
        self.containerd_socket = self.root / "containerd.sock"
        self._near, self._far = (f"pulls-{os.getpid()}-{side}" for side in ("near", "far"))
        self._stack = ExitStack()

    def __enter__(self) -> Rig:
        self._stack.callback(self._sweep)
        try:
            self._network()
            self._registry()
            self._dockerd()
            self._containerd()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def shape(self, mbit: float) -> None:
        """Let the link carry so many Mbit/s from the registry to the engines."""
        _run("tc", "-n", self._far, "qdisc", "replace", "dev", "far", "root", *_tbf(mbit))

    def _network(self) -> None:
        for name in (self._near, self._far):
            self._stack.callback(_quietly, "ip", "netns", "del", name)
            _run("ip", "netns", "add", name)
        _run("ip", "-n", self._far, "link", "add", "far", "type", "veth", "peer", "name", "near")
        _run("ip", "-n", self._far, "link", "set", "near", "netns", self._near)
        for name, link, address in (
            (self._far, "far", "10.213.7.1/30"),
            (self._near, "near", "10.213.7.2/30"),
        ):
            _run("ip", "-n", name, "addr", "add", address, "dev", link)
            _run("ip", "-n", name, "link", "set", link, "up")
            _run("ip", "-n", name, "link", "set", "lo", "up")

    def _registry(self) -> None:
        self.registry_root.mkdir()
        config = self.root / "registry.json"  # JSON is YAML
        storage = {"filesystem": {"rootdirectory": str(self.registry_root)}}
        http = {"addr": REGISTRY}
        config.write_text(
            json.dumps(
                {"version": 0.1, "storage": storage, "http": http, "log": {"level": "error"}}
            )
        )
        self._start(self._far, "registry", ["docker-registry", "serve", str(config)])
        _wait(lambda: self._answers(), "the registry")

    def _answers(self) -> bool:
        words = ["nsenter", f"--net=/var/run/netns/{self._near}", "bash", "-c"]
        host, port = REGISTRY.split(":")
        words.append(f"exec 3<>/dev/tcp/{host}/{port}")
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    def _dockerd(self) -> None:
        config = self.root / "daemon.json"
        config.write_text("{}")
        words = ["dockerd", "--config-file", str(config), "--bridge=none", "--iptables=false"]
        words += ["--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
        words += ["--storage-driver=overlay2", "--insecure-registry", REGISTRY]
        words += ["--data-root", str(self.root / "docker"), "--exec-root", str(self.root / "exec")]
        words += ["-H", f"unix://{self.docker_socket}", "-p", str(self.root / "dockerd.pid")]
        self._start(self._near, "dockerd", words)
        _wait(self.docker_socket.exists, "dockerd")

    def _containerd(self) -> None:
        mirror = f'plugins."io.containerd.grpc.v1.cri".registry.mirrors."{REGISTRY}"'
        config = self.root / "containerd.toml"
        config.write_text(
            f'version = 2\nroot = "{self.root}/containerd"\nstate = "{self.root}/state"\n'
            f'[grpc]\naddress = "{self.containerd_socket}"\n'
            f'[plugins."io.containerd.internal.v1.opt"]\npath = "{self.root}/opt"\n'
            f'[{mirror}]\nendpoint = ["http://{REGISTRY}"]\n'
        )
        self._start(self._near, "containerd", ["containerd", "--config", str(config)])
        _wait(self.containerd_socket.exists, "containerd")

    def _start(self, netns: str, name: str, words: list[str]) -> None:
        log = self._stack.enter_context((self.root / f"{name}.log").open("wb"))
        inside = ["nsenter", f"--net=/var/run/netns/{netns}", "nice", "-n", str(NICE), *words]
        child = subprocess.Popen(inside, stdout=log, stderr=log, start_new_session=True)
        self._stack.callback(_stop, child)
        with suppress(OSError):  # with autogroups a session's weight is its group's
            Path(f"/proc/{child.pid}/autogroup").write_text(str(NICE))

    def _sweep(self) -> None:
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for place in sorted((m for m in mounts if m.startswith(f"{self.root}/")), reverse=True):
            _quietly("umount", "-l", place)
        shutil.rmtree(self.root, ignore_errors=True)


def settle() -> None:
    """Everything written, nothing remembered."""
    os.sync()
    with suppress(OSError):
        Path("/proc/sys/vm/drop_caches").write_text("3")


def _tbf(mbit: float) -> list[str]:
    burst = max(
        256_000, int(mbit * 1e6 / 8 * 0.004)
    )  # what one tick of a slow kernel clock lets through
    return ["tbf", "rate", f"{mbit:g}mbit", "burst", str(burst), "latency", "100ms"]


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(words)}` failed: {done.stderr.strip()}")


def _quietly(*words: str) -> None:
    subprocess.run(words, capture_output=True, check=False)


def _wait(ready: Callable[[], bool], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not come up")
        time.sleep(0.1)


def _stop(child: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(15)
            break
    with suppress(ProcessLookupError):  # what it left of its group
        os.killpg(child.pid, signal.SIGKILL)
