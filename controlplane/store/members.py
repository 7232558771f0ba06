"""How etcd's members are, each asked by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from controlplane.store.endpoint import Endpoint
from controlplane.store.etcd.client import Etcd, UnavailableError

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Member:
    """`problem` says what is wrong with a member that is not healthy."""

    address: str
    problem: str = ""

    @property
    def healthy(self) -> bool:
        return not self.problem


async def members(endpoint: Endpoint) -> Sequence[Member]:
    """In the order of the endpoint's addresses. A member is healthy if it answers a read that a majority agrees on."""
    return await asyncio.gather(*(_ask(replace(endpoint, addresses=(address,))) for address in endpoint.addresses))


async def _ask(endpoint: Endpoint) -> Member:
    (address,) = endpoint.addresses
    etcd = Etcd(endpoint)
    try:
        async with asyncio.timeout(_SECONDS):
            await etcd.revision()
    except TimeoutError:
        return Member(address, f"{address} does not answer within {_SECONDS:g} s")
    except UnavailableError as error:
        return Member(address, str(error))
    finally:
        await etcd.close()
    return Member(address)
