"""TokenReview and SelfSubjectReview: whose a token is, and who the API server takes the caller for."""

from __future__ import annotations

from typing import Any, NoReturn

from controlplane.api import errors, registry, times
from controlplane.api.kind import Kind
from controlplane.api.objects import Key
from controlplane.server.authn.tokens import Tokens
from controlplane.server.backend import Backend
from controlplane.server.reads import Page
from controlplane.server.users import Caller, User
from controlplane.store.records import Record
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import resources_pb2 as wire

_NOBODY = Key("", "")


class TokenReviews:
    """The `Made` kind by which others have tokens checked that were sent to them."""

    def __init__(self, backend: Backend, tokens: Tokens) -> None:
        self._backend, self._tokens = backend, tokens

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        kind = registry.TOKEN_REVIEWS
        self._backend.authorizer.check(caller, "create", kind, _NOBODY)
        review = request.object.token_review
        if not review.spec.token:
            raise errors.BadRequest("token is required for TokenReview in authentication", kind=kind.resource)
        review.status.CopyFrom(await self._status(review.spec))
        return _record(self._backend, kind, review)

    async def _status(self, spec: authentication.TokenReviewSpec) -> authentication.TokenReviewStatus:
        try:
            bearer = await self._tokens.bearer(spec.token, tuple(spec.audiences))
        except errors.Unauthorized as error:
            return authentication.TokenReviewStatus(error=error.message)
        return authentication.TokenReviewStatus(
            authenticated=True, user=user_info(bearer.user), audiences=bearer.audiences
        )  # fmt: skip

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        _only_create(registry.TOKEN_REVIEWS, "get")

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page:
        _only_create(registry.TOKEN_REVIEWS, "list")


class SelfSubjectReviews:
    """The `Made` kind behind `auth whoami`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        kind = registry.SELF_SUBJECT_REVIEWS
        self._backend.authorizer.check(caller, "create", kind, _NOBODY)
        review = request.object.self_subject_review
        review.status.user_info.CopyFrom(user_info(caller.user))
        return _record(self._backend, kind, review)

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        _only_create(registry.SELF_SUBJECT_REVIEWS, "get")

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page:
        _only_create(registry.SELF_SUBJECT_REVIEWS, "list")


def user_info(user: User) -> authentication.UserInfo:
    info = authentication.UserInfo(username=user.name, uid=user.uid, groups=sorted(user.groups))
    for key, values in user.extra:
        info.extra[key].items.extend(values)
    return info


def _record(backend: Backend, kind: Kind[Any], review: Any) -> Record:
    review.metadata.creation_timestamp.CopyFrom(times.to_time(backend.sources.now()))
    return Record(kind, _NOBODY, review.SerializeToString(), 0)


def _only_create(kind: Kind[Any], verb: str) -> NoReturn:
    raise errors.MethodNotAllowed(f"{kind.resource} does not support {verb}; it has create", kind=kind.resource)
