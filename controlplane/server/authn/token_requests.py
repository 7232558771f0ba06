"""Subresource `token` of service accounts: a token on request, which ends, and may be bound to a pod, a secret or a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, cast

from controlplane.api import defaults, errors, registry, times, validation
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key
from controlplane.server import requests
from controlplane.server.admission.review import Review
from controlplane.server.authn.claims import Claims, Ref
from controlplane.server.authn.service_accounts import Issuer
from controlplane.server.backend import Backend
from controlplane.server.refusals import refuse
from controlplane.server.users import Caller
from controlplane.store.records import Record
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import core_pb2 as core
from protos.v1 import resources_pb2 as wire

_NAME = "token"
_BINDABLE: dict[str, Kind[Any]] = {"Pod": registry.PODS, "Secret": registry.SECRETS, "Node": registry.NODES}


class TokenRequests:
    """The `Part` of service accounts. `audiences` are the API server's own, for requests that name none."""

    def __init__(self, backend: Backend, issuer: Issuer, audiences: Sequence[str]) -> None:
        self._backend = backend
        self._store, self._sources = backend.store, backend.sources
        self._issuer, self._audiences = issuer, tuple(audiences)

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        if request.object.WhichOneof("kind") != registry.TOKEN_REQUESTS.field:
            raise errors.BadRequest("object: required; set token_request", kind=registry.SERVICE_ACCOUNTS.resource)
        _, obj = requests.object_in(self._store.catalogue, request.object, caller, request.field_validation)
        asked = cast("authentication.TokenRequest", obj)
        key = requests.key_for(registry.SERVICE_ACCOUNTS, asked.metadata.namespace, asked.metadata.name)
        self._backend.authorizer.check(caller, "create", registry.SERVICE_ACCOUNTS, key, _NAME)
        self._complete(asked)
        refuse(registry.TOKEN_REQUESTS, asked, [*validation.problems_of(registry.TOKEN_REQUESTS, asked), *_unkept(asked)])
        account = cast("core.ServiceAccount", await self._get(registry.SERVICE_ACCOUNTS, key))
        claims = await self._bound(account, asked)
        await self._admit(Review(caller, "create", registry.SERVICE_ACCOUNTS, key, asked, None, _NAME, request.dry_run))
        if not request.dry_run:
            token, ends = self._issuer.issue(claims, asked.spec.expiration_seconds)
            asked.status.token = token
            asked.status.expiration_timestamp.CopyFrom(times.to_time(ends))
        return Record(registry.TOKEN_REQUESTS, key, asked.SerializeToString(), 0)

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        _only_create("get")

    async def update(self, caller: Caller, request: wire.UpdateRequest) -> Record:
        _only_create("update")

    async def patch(self, caller: Caller, request: wire.PatchRequest) -> Record:
        _only_create("patch")

    def _complete(self, asked: authentication.TokenRequest) -> None:
        asked.ClearField("status")
        asked.metadata.creation_timestamp.CopyFrom(times.to_time(self._sources.now()))
        defaults.apply_defaults(registry.TOKEN_REQUESTS, asked)
        if not asked.spec.audiences:
            asked.spec.audiences.extend(self._audiences)
        if asked.spec.HasField("bound_object_ref") and not asked.spec.bound_object_ref.api_version:
            asked.spec.bound_object_ref.api_version = "v1"

    async def _admit(self, review: Review) -> None:
        """What the cluster's rules say, on a fresh cache if they refuse: a node may ask for its own pods only, say."""
        admission = self._backend.admission
        try:
            admission.complete(review)
            admission.check(review)
        except errors.StatusError:
            await self._store.freshen()
            admission.complete(review)
            admission.check(review)

    async def _bound(self, account: core.ServiceAccount, asked: authentication.TokenRequest) -> Claims:
        namespace = account.metadata.namespace
        refs: dict[str, Ref] = {}
        if asked.spec.HasField("bound_object_ref"):
            bound = asked.spec.bound_object_ref
            kind = _BINDABLE[bound.kind]
            obj = await self._get(kind, Key(namespace if kind.namespaced else "", bound.name))
            if bound.uid and bound.uid != obj.metadata.uid:
                raise errors.Conflict(
                    f'Operation cannot be fulfilled on {kind.resource} "{bound.name}": the UID in the bound object '
                    f"reference ({bound.uid}) does not match the UID in record. The object might have been deleted and then "
                    "recreated",
                    kind=kind.resource,
                    name=bound.name,
                )
            refs[bound.kind.lower()] = _ref(obj)
            if isinstance(obj, core.Pod):
                refs |= await self._node_of(account, obj)
        return Claims(namespace, _ref(account), tuple(asked.spec.audiences), **cast("Any", refs))

    async def _node_of(self, account: core.ServiceAccount, pod: core.Pod) -> dict[str, Ref]:
        """The node that the pod runs on. Raises BadRequest for a pod of another account."""
        name = account.metadata.name
        if pod.spec.service_account_name != name:
            raise errors.BadRequest(
                f'cannot bind token for serviceaccount "{name}" to pod running with different serviceaccount name.',
                kind=registry.SERVICE_ACCOUNTS.resource,
                name=name,
            )
        node = await self._store.get(registry.NODES, Key("", pod.spec.node_name)) if pod.spec.node_name else None
        return {} if node is None else {"node": _ref(node.message())}

    async def _get(self, kind: Kind[Any], key: Key) -> ApiObject:
        record = await self._store.get(kind, key)
        if record is None:
            raise errors.not_found(kind.resource, key.name)
        return record.message()


def _unkept(asked: authentication.TokenRequest) -> list[errors.Problem]:
    """Attestations are for tokens of webhook configurations, which there are none of here."""
    if not asked.spec.attestations:
        return []
    text = "Forbidden: may only be set for a token bound to a webhook configuration"
    return [errors.Problem("spec.attestations", text, "FieldValueForbidden")]


def _ref(obj: ApiObject) -> Ref:
    return Ref(obj.metadata.name, obj.metadata.uid)


def _only_create(verb: str) -> NoReturn:
    raise errors.MethodNotAllowed(f"serviceaccounts/{_NAME} does not support {verb}; it has create", kind="serviceaccounts")
