"""Ends a cluster on this machine and removes all it made, also after a kill of everything."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

from console import kubeconfig
from console.cluster import processes, supervisor, tools
from console.cluster.home import Claim, Home, Spec
from console.cluster.up import CONTEXT, Step, UpError, kubeconfig_path

_PATIENCE = {"etcd": 5.0}
_KEPT = frozenset({"cache"})


async def take_down(home: Home, *, keep: bool) -> AsyncIterator[Step]:
    """The steps, as they happen. With `keep`, objects and certificates stay for the next `up`. Raises UpError."""
    spec = home.load() or Spec()
    yield Step("processes", "doing", "stopping")
    count = stop_processes(home)
    yield Step("processes", "done", f"{count} stopped")
    if not spec.hollow and _may_clear(home):
        yield Step("nodes", "doing", "removing containers, programs and namespaces")
        try:
            await tools.run("dataplane.main", "lab", "down")
        except tools.ToolError as error:
            raise UpError(str(error)) from error
        Claim().release()
        yield Step("nodes", "done", "containers, programs and namespaces removed")
    kubeconfig.remove_context(kubeconfig_path(spec), CONTEXT)
    _remove_files(home, keep=keep)
    yield Step("files", "done", f"objects kept in {home.path}" if keep else f"{home.path} emptied")


def _may_clear(home: Home) -> bool:
    """Whether the nodes on this machine are this home's, or nobody's any more."""
    holder = Claim().holder()
    return holder is None or holder.path == home.path or not processes.every(holder.run)


def stop_processes(home: Home) -> int:
    """The supervisor first, so that nothing is started again; then the rest, last started first."""
    running = {process.name: process for process in processes.every(home.run)}
    order = [supervisor.NAME, *sorted((name for name in running if name != supervisor.NAME), key=_rank)]
    stopped = 0
    for name in order:
        if name in running:
            processes.stop(running[name], within=_PATIENCE.get(name, 8.0))
            stopped += 1
    return stopped


def _rank(name: str) -> int:
    ranks = {"controllers": 1, "api": 2, "etcd": 3}
    return ranks.get(name, 0)


def _remove_files(home: Home, *, keep: bool) -> None:
    kept = _KEPT | {"etcd", "pki", "spec.json"} if keep else _KEPT
    for path in home.path.iterdir() if home.path.exists() else ():
        if path.name in kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
