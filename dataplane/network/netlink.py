"""Opening route sockets, in whatever network namespace the calling thread is in."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError as NetlinkError

# Marks the routes that are ours, so that they can be told from the administrator's (a number of rtnetlink's free range).
ROUTE_PROTOCOL = 111

Route = Any
Message = Any


@contextmanager
def open_route() -> Iterator[Route]:
    """A route socket. It gets a loop of its own: uvloop, should it be the process's default, cannot drive netlink."""
    loop = asyncio.SelectorEventLoop()
    try:
        with IPRoute(use_event_loop=loop) as route:
            yield route
    finally:
        loop.run_until_complete(asyncio.sleep(0))  # the transport's own farewell is queued on the loop
        loop.close()


@contextmanager
def ignoring(*numbers: int) -> Iterator[None]:
    """Lets kernel errors of these numbers pass: what was to be made is there, or what was to go is gone."""
    try:
        yield
    except NetlinkError as error:
        if error.code not in numbers:
            raise


def find_link(route: Route, name: str) -> Message | None:
    """The link of that name, or None."""
    try:
        found = route.link("get", ifname=name)
    except NetlinkError as error:
        if error.code != errno.ENODEV:
            raise
        return None
    return found[0] if found else None


def link_index(route: Route, name: str) -> int:
    """The index of a link that must be there."""
    link = find_link(route, name)
    if link is None:
        raise OSError(errno.ENODEV, "no such network interface", name)
    return int(link["index"])


def remove_link(route: Route, name: str) -> None:
    link = find_link(route, name)
    if link is not None:
        with ignoring(errno.ENODEV):
            route.link("del", index=link["index"])
