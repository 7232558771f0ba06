"""Tokens of the pods' service accounts, asked for by the node and bound to the pod.

A token is asked for once and again when it is time (`dataplane/volumes/tokens.py`). While none can be had, the old one stays
in use as long as it is good.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from controlplane.api import errors, registry, times
from controlplane.client.client import Client
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.tokens import Token, Wanted, new_token
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import core_pb2 as core

log = structlog.get_logger()

_PATIENCE_SECONDS = 5.0
_RETRY_SECONDS = (1.0, 60.0)
_SPREAD_SECONDS = 10.0  # pods that started together do not all renew at once


@dataclass(slots=True)
class _Held:
    """`pause` is that after the last failure; not until `retry_at` is a token asked for again."""

    token: Token | None = None
    pause: float = 0.0
    retry_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def due(self) -> float | None:
        return None if self.token is None else max(self.token.renew_at, self.retry_at)


class Tokens:
    def __init__(self, client: Client, *, clock: Callable[[], float]) -> None:
        self._client, self._clock = client, clock
        self._held: dict[str, dict[Wanted, _Held]] = defaultdict(dict)

    async def get(self, pod: core.Pod, wanted: Wanted) -> str:
        """A good token. Raises MountProblem if there is none to be had."""
        held = self._held[pod.metadata.uid].setdefault(wanted, _Held())
        async with held.lock:
            due = held.due
            if due is None or due <= self._clock():
                await self._renew(pod, wanted, held)
        assert held.token is not None
        return held.token.text

    def adopt(self, pod_uid: str, wanted: Wanted, token: Token) -> None:
        """Goes on with a token that was found, unless it has ended."""
        if token.expires_at > self._clock():
            self._held[pod_uid].setdefault(wanted, _Held(_spread(pod_uid, token)))

    def due(self, pod_uid: str) -> float | None:
        """When the first of the pod's tokens is to be renewed."""
        known = (held.due for held in self._held.get(pod_uid, {}).values())
        return min((due for due in known if due is not None), default=None)

    def forget(self, pod_uid: str) -> None:
        self._held.pop(pod_uid, None)

    async def _renew(self, pod: core.Pod, wanted: Wanted, held: _Held) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                held.token = _spread(pod.metadata.uid, await self._request(pod, wanted))
        except (errors.StatusError, TimeoutError) as error:
            why = str(error) or f"no answer within {_PATIENCE_SECONDS:g} s"
            self._postpone(pod, held, why)
            if held.token is None:
                raise MountProblem(f"failed to fetch token: {why}") from error
            if held.token.expires_at <= self._clock():
                raise MountProblem(f"token expired and refresh failed: {why}") from error
        else:
            held.pause = held.retry_at = 0.0

    def _postpone(self, pod: core.Pod, held: _Held, why: str) -> None:
        if held.token is None:
            return  # the pod waits for it, and asks again by itself
        first, longest = _RETRY_SECONDS
        held.pause = min(longest, held.pause * 2 or first)
        held.retry_at = self._clock() + held.pause
        log.warning("token not renewed", pod=pod.metadata.name, namespace=pod.metadata.namespace,
                    error=why, retry_in=held.pause)  # fmt: skip

    async def _request(self, pod: core.Pod, wanted: Wanted) -> Token:
        metadata, began = pod.metadata, self._clock()
        request = authentication.TokenRequest()
        request.metadata.name, request.metadata.namespace = pod.spec.service_account_name, metadata.namespace
        if wanted.audience:
            request.spec.audiences.append(wanted.audience)
        request.spec.expiration_seconds = wanted.seconds
        bound = request.spec.bound_object_ref
        bound.kind, bound.api_version, bound.name, bound.uid = "Pod", "v1", metadata.name, metadata.uid
        answer = await self._client.create_part(registry.SERVICE_ACCOUNTS, "token", request)
        # The time of use is counted by this node's clock, from the asking on: clocks may differ.
        token = new_token(answer.status.token, begins=began, ends=began + answer.spec.expiration_seconds)
        return replace(token, expires_at=times.to_seconds(answer.status.expiration_timestamp))


def _spread(pod_uid: str, token: Token) -> Token:
    return replace(token, renew_at=token.renew_at - zlib.crc32(pod_uid.encode()) % 1000 / 1000 * _SPREAD_SECONDS)
