"""The API server as a whole: store, verbs, doors, and the objects that every cluster begins with."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

import grpc
import grpc.aio
import structlog

from controlplane.api import errors, registry
from controlplane.api.objects import ApiObject
from controlplane.server.access_reviews import all_reviews
from controlplane.server.admission.addresses import Ranges
from controlplane.server.admission.certificates import CertificateRequests
from controlplane.server.admission.chain import Admission
from controlplane.server.admission.escalation import EscalationPrevention
from controlplane.server.admission.priority import first_classes
from controlplane.server.agents import Agents
from controlplane.server.audit.settings import Audit
from controlplane.server.authn import settings as authn
from controlplane.server.authn.reviews import SelfSubjectReviews, TokenReviews
from controlplane.server.authn.settings import TokenSettings
from controlplane.server.authn.token_requests import TokenRequests
from controlplane.server.authn.token_secrets import TokenSecrets
from controlplane.server.authz import NODE_LEASES, Authorizer
from controlplane.server.backend import Backend
from controlplane.server.components import ComponentStatuses
from controlplane.server.default_policy import ensure_default_roles
from controlplane.server.eviction import Evictions
from controlplane.server.front import Front
from controlplane.server.gate import Gate
from controlplane.server.grpc_door import OPTIONS, ResourcesDoor, caller_of
from controlplane.server.introspection import Health, reflection
from controlplane.server.limits import Limits, Turns
from controlplane.server.pki import Pair
from controlplane.server.pods_door import PodsDoor
from controlplane.server.scaling import Scaling
from controlplane.server.sources import Sources
from controlplane.server.usage import metrics
from controlplane.server.usage.samples import Samples
from controlplane.server.users import MASTERS, Caller, User
from controlplane.server.verbs import Made, Part, Verbs
from controlplane.store.endpoint import Endpoint
from controlplane.store.store import EVENT_TTL_SECONDS, HISTORY_BYTES, Store
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import resources_pb2 as wire

log = structlog.get_logger()

FIRST_NAMESPACES = ("default", "kube-system", "kube-public", NODE_LEASES)
_SELF = User("system:apiserver", frozenset({MASTERS}))


@dataclass(frozen=True, slots=True)
class Settings:
    """`listen` is where clients show certificates: host:port, several separated by commas, port 0 for any free one.
    `listen_tokens` is where they send tokens instead; empty for nowhere. `identity` is what the server shows to clients and
    agents."""

    listen: str
    etcd: Endpoint
    ca: bytes
    identity: Pair
    tokens: TokenSettings
    listen_tokens: str = ""
    service_cidr: str = "10.96.0.0/16"
    history_seconds: float = 3600.0
    history_bytes: int = HISTORY_BYTES
    event_ttl_seconds: float = EVENT_TTL_SECONDS
    encryption: Path | None = None
    automount_tokens: bool = True
    limits: Limits = field(default_factory=Limits)
    audit: Audit | None = None


class ApiServer:
    """`run` serves until cancelled; `ready` returns once it answers, and `port` is then the port it has, `token_port` that
    for tokens."""

    def __init__(self, settings: Settings, sources: Sources | None = None) -> None:
        self._settings = settings
        self._store = Store(
            settings.etcd,
            history_seconds=settings.history_seconds,
            history_bytes=settings.history_bytes,
            event_ttl_seconds=settings.event_ttl_seconds,
            encryption=settings.encryption,
        )
        ranges = Ranges(IPv4Network(settings.service_cidr))
        sources = sources or Sources()
        self._authorizer = Authorizer(self._store.cache)
        self._agents = Agents(settings.identity, settings.ca)
        self._authn = authn.build(settings.tokens, self._store, self._authorizer, sources)
        plugins = (
            EscalationPrevention(self._authorizer),
            CertificateRequests(self._authorizer, sources),
            TokenSecrets(self._store.cache, self._authn.issuer, settings.ca),
        )
        admission = Admission(self._store, ranges, sources, plugins, automount_tokens=settings.automount_tokens)
        backend = Backend(self._store, self._authorizer, admission, sources)
        samples = Samples(self._store.cache, self._agents, now=sources.now)
        made: dict[str, Made] = {
            **all_reviews(backend),
            registry.TOKEN_REVIEWS.resource: TokenReviews(backend, self._authn.tokens),
            registry.SELF_SUBJECT_REVIEWS.resource: SelfSubjectReviews(backend),
            registry.COMPONENT_STATUSES.resource: ComponentStatuses(backend),
            registry.NODE_METRICS.resource: metrics.Metrics(backend, samples, metrics.NODES),
            registry.POD_METRICS.resource: metrics.Metrics(backend, samples, metrics.PODS),
        }
        token_requests = TokenRequests(backend, self._authn.issuer, settings.tokens.own_audiences)
        parts: dict[str, Part] = {"eviction": Evictions(backend), "scale": Scaling(backend), "token": token_requests}
        self.verbs = Verbs(backend, made, parts)
        self._front = Front(self.verbs, Gate(Turns(settings.limits), sources, settings.audit))
        self._ready = asyncio.Event()
        self.port = self.token_port = 0

    async def ready(self) -> None:
        await self._ready.wait()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(self._store.run(), name="store")]
            if self._settings.audit is not None:
                beside.append(tasks.create_task(self._settings.audit.file.run(), name="audit"))
            try:
                await self._store.cache.loaded()
                await self._make_first_objects()
                await ensure_default_roles(self._store, self.verbs, Caller(_SELF))
                health = Health(self._store)
                beside.append(tasks.create_task(health.run(), name="health"))
                await self._serve(health)
            finally:
                for task in beside:
                    task.cancel()

    async def _serve(self, health: Health) -> None:
        authenticate = caller_of(self._authn.authenticator)
        pods = PodsDoor(self._store, self._authorizer, self._agents, authenticate)
        server = grpc.aio.server(options=OPTIONS)
        server.add_generic_rpc_handlers(
            (ResourcesDoor(self._front, authenticate).handler(), pods.handler(), *reflection(authenticate))
        )
        health.add_to(server)
        for address in self._settings.listen.split(","):
            self.port = server.add_secure_port(address, self._credentials())
        for address in filter(None, self._settings.listen_tokens.split(",")):
            self.token_port = server.add_secure_port(address, self._token_credentials())
        await server.start()
        log.info("serving", address=self._settings.listen, port=self.port)
        self._ready.set()
        try:
            await asyncio.Event().wait()  # not wait_for_termination: once cancelled, it makes stop() fail (grpcio 1.85)
        finally:
            await server.stop(grace=0.2)
            await self._agents.close()

    def _credentials(self) -> grpc.ServerCredentials:
        identity = self._settings.identity
        return grpc.ssl_server_credentials(
            [(identity.key, identity.certificate)], root_certificates=self._settings.ca, require_client_auth=True
        )

    def _token_credentials(self) -> grpc.ServerCredentials:
        """The authority comes along in the handshake, so that a new node can check it by its hash before it trusts it."""
        identity = self._settings.identity
        return grpc.ssl_server_credentials([(identity.key, identity.certificate + self._settings.ca)])

    async def _make_first_objects(self) -> None:
        namespaces = [core.Namespace(metadata=meta.ObjectMeta(name=name)) for name in FIRST_NAMESPACES]
        first: list[ApiObject] = [*namespaces, *first_classes()]
        for obj in first:
            with contextlib.suppress(errors.AlreadyExists):
                await self.verbs.create(Caller(_SELF), wire.CreateRequest(object=registry.wrap(obj)))
