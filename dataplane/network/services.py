"""The Services' programs of one node: loaded, attached, fed with tables, and read for their counts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import structlog

from dataplane.bpf import compiler, filesystem, loader
from dataplane.bpf.maps import Map
from dataplane.network import balancer, tables
from dataplane.network.desired import Tables

_NATIVE, _GENERIC = 1 << 2, 1 << 1  # XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE
_LINKS = "links-"
_NO_ADDRESS = "0.0.0.0"

log = structlog.get_logger()


class ServicePrograms:
    """To be made in the node's network namespace. `pin` and `cache` as for `NodeNetwork`."""

    def __init__(self, *, pin: Path, cache: Path, cgroup: Path) -> None:
        self._pin = pin
        self._cache = cache
        self._cgroup = cgroup
        self._links = pin / f"{_LINKS}{os.stat('/proc/thread-self/ns/net').st_ino}"
        self._loaded: loader.Loaded | None = None
        self._state: balancer.State | None = None
        self._node_ip, self._uplink = _NO_ADDRESS, 0
        # Pods to attach once the maps are filled; None when everything is attached.
        self._waiting: dict[str, int] | None = None

    def start(self, *, node_ip: str, uplink: int, pods: Mapping[str, int]) -> None:
        """Loads and attaches everything; `pods` are the present pod links, name to index.

        Should the tables' maps be new while programs with older ones run, those go on until the new ones are filled."""
        self.close()
        compiled = compiler.compiled(self._cache)
        self._loaded = loader.load(compiled, self._pin)
        self._state = None
        self._node_ip, self._uplink = node_ip, uplink
        if self._is_filled() or not self._links.exists():
            self._attach(pods)
        else:
            self._waiting = dict(pods)
        self._sweep(loader.map_folders(compiled, self._pin).values(), pods)

    def program(self, wanted: Tables) -> None:
        """Makes the maps hold `wanted`."""
        before = self._current()
        self._state = None  # until all is written: after a failure the maps are read again
        changes, after = balancer.plan(before, wanted, tables.limits(self._maps))
        tables.execute(changes, self._maps)
        self._state = after
        if self._waiting is not None:
            pods, self._waiting = self._waiting, None
            self._attach(pods)

    def attach_pod(self, link: str, index: int) -> None:
        """Replies that leave the pod by this link are seen by the programs from now on."""
        if self._waiting is not None:
            self._waiting[link] = index
        else:
            loader.attach(self._links / link, self._programs["service_tc"], index, hook=loader.TCX_INGRESS)

    def detach_pod(self, link: str) -> None:
        if self._waiting is not None:
            self._waiting.pop(link, None)
        (self._links / link).unlink(missing_ok=True)

    def counts(self) -> tables.Counts:
        return tables.counts(self._maps, self._current())

    def close(self) -> None:
        """Closes file descriptors; programs go on."""
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None

    def _current(self) -> balancer.State:
        return self._state or tables.read(self._maps)

    @property
    def _maps(self) -> Mapping[str, Map]:
        return self._open().maps

    @property
    def _programs(self) -> Mapping[str, int]:
        return self._open().programs

    def _open(self) -> loader.Loaded:
        if self._loaded is None:
            raise RuntimeError("the node's network is not started; call start() first")
        return self._loaded

    def _is_filled(self) -> bool:
        """Whether an earlier process came as far as attaching programs to these maps."""
        return self._maps["node_config"].get(0) not in (None, (_NO_ADDRESS,))

    def _attach(self, pods: Mapping[str, int]) -> None:
        """Pods' links first: a connection that the uplink accepts finds its way back."""
        self._maps["node_config"].update({(0,): (self._node_ip,)})
        for link, index in pods.items():
            self.attach_pod(link, index)
        self._attach_cgroup()
        self._attach_uplink()

    def _attach_uplink(self) -> None:
        program, path = self._programs["service_xdp"], self._links / "uplink"
        try:
            loader.attach(path, program, self._uplink, hook=loader.XDP, flags=_NATIVE)
        except OSError as error:
            log.info("uplink has no native XDP, using the generic one", error=str(error))
            loader.attach(path, program, self._uplink, hook=loader.XDP, flags=_GENERIC)

    def _attach_cgroup(self) -> None:
        self._cgroup.mkdir(parents=True, exist_ok=True)
        folder = os.open(self._cgroup, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name, hook in loader.CGROUP_HOOKS.items():
                loader.attach(self._links / name, self._programs[name], folder, hook=hook)
        finally:
            os.close(folder)

    def _sweep(self, folders: Iterable[Path], pods: Iterable[str]) -> None:
        """Unpins what belongs to earlier namespaces of this node, to pods that are gone, and to other schemas.

        Maps that running programs still use live on without their pins."""
        keep = {self._links, *folders}
        for folder in self._pin.iterdir():
            if folder not in keep:
                filesystem.remove(folder)
        present = {*pods, *loader.CGROUP_HOOKS, "uplink"}
        with suppress(FileNotFoundError):
            for link in self._links.iterdir():
                if link.name not in present:
                    link.unlink()


def remove(pin: Path) -> None:
    """Unpins all of a node: its programs stop, its maps go."""
    filesystem.remove(pin)
    with suppress(OSError):
        pin.parent.rmdir()  # the folder of all nodes, once it is empty
