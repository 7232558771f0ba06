"""The reviews of authorization.k8s.io: whether somebody may do something, and all that one may do oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NoReturn, TypeVar, cast

from controlplane.api import errors, registry, times
from controlplane.api.errors import Problem
from controlplane.api.fields import FieldSelector, Term
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key
from controlplane.server import requests
from controlplane.server.backend import Backend
from controlplane.server.reads import Page
from controlplane.server.refusals import refuse
from controlplane.server.users import EVERYTHING, Attributes, Caller, User
from controlplane.store.records import Record
from protos.v1 import authorization_pb2 as authorization
from protos.v1 import resources_pb2 as wire

R = TypeVar("R", bound=ApiObject)
Spec = authorization.SubjectAccessReviewSpec | authorization.SelfSubjectAccessReviewSpec
Answer = Callable[[Backend, Caller, R], None]  # fills in the status

_EXACT = ("In", "=", "==")


class Reviews(Generic[R]):
    """A `Made` kind: what is created is answered at once and never stored."""

    def __init__(self, backend: Backend, kind: Kind[R], answer: Answer[R]) -> None:
        self._backend, self._kind, self._answer = backend, kind, answer

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        backend, kind = self._backend, self._kind
        _, obj = requests.object_in(backend.store.catalogue, request.object, caller, request.field_validation)
        key = Key(obj.metadata.namespace, "")
        if kind.namespaced and not key.namespace:
            raise errors.BadRequest(f"{kind.resource}: namespace: required", kind=kind.resource)
        backend.authorizer.check(caller, "create", kind, key)
        review = cast("R", obj)
        self._answer(backend, caller, review)
        review.metadata.creation_timestamp.CopyFrom(times.to_time(backend.sources.now()))
        return Record(kind, key, review.SerializeToString(), 0)

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        self._only_create("get")

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page:
        self._only_create("list")

    def _only_create(self, verb: str) -> NoReturn:
        resource = self._kind.resource
        raise errors.MethodNotAllowed(f"{resource} does not support {verb}; it has create", kind=resource)


def all_reviews(backend: Backend) -> dict[str, Reviews[Any]]:
    """By resource."""
    answers: list[tuple[Kind[Any], Answer[Any]]] = [
        (registry.SUBJECT_ACCESS_REVIEWS, _answer_subject),
        (registry.LOCAL_SUBJECT_ACCESS_REVIEWS, _answer_local),
        (registry.SELF_SUBJECT_ACCESS_REVIEWS, _answer_self),
        (registry.SELF_SUBJECT_RULES_REVIEWS, _answer_rules),
    ]
    return {kind.resource: Reviews(backend, kind, answer) for kind, answer in answers}


def _answer_subject(backend: Backend, _caller: Caller, review: authorization.SubjectAccessReview) -> None:
    refuse(registry.SUBJECT_ACCESS_REVIEWS, review, [*_subject_problems(review.spec), *_asked_problems(review.spec)])
    review.status.CopyFrom(_status(backend, _user_of(review.spec), review.spec))


def _answer_local(backend: Backend, _caller: Caller, review: authorization.LocalSubjectAccessReview) -> None:
    problems = [*_subject_problems(review.spec), *_asked_problems(review.spec)]
    if review.spec.HasField("non_resource_attributes"):
        problems.append(
            Problem("spec.nonResourceAttributes", "Forbidden: disallowed on this kind of request", "FieldValueForbidden")
        )
    namespace = review.spec.resource_attributes.namespace
    if namespace != review.metadata.namespace:
        what = f'Invalid value: "{namespace}": must match metadata.namespace'
        problems.append(Problem("spec.resourceAttributes.namespace", what))
    refuse(registry.LOCAL_SUBJECT_ACCESS_REVIEWS, review, problems)
    review.status.CopyFrom(_status(backend, _user_of(review.spec), review.spec))


def _answer_self(backend: Backend, caller: Caller, review: authorization.SelfSubjectAccessReview) -> None:
    refuse(registry.SELF_SUBJECT_ACCESS_REVIEWS, review, _asked_problems(review.spec))
    review.status.CopyFrom(_status(backend, caller.user, review.spec))


def _answer_rules(backend: Backend, caller: Caller, review: authorization.SelfSubjectRulesReview) -> None:
    if not review.spec.namespace:
        raise errors.BadRequest("no namespace on request", kind=registry.SELF_SUBJECT_RULES_REVIEWS.resource)
    resources, paths, incomplete = backend.authorizer.rules_for(caller.user, review.spec.namespace)
    why = "node authorizer does not support user rule resolution" if incomplete else ""
    review.status.CopyFrom(
        authorization.SubjectRulesReviewStatus(
            resource_rules=resources, non_resource_rules=paths, incomplete=incomplete, evaluation_error=why
        )
    )


def _subject_problems(spec: authorization.SubjectAccessReviewSpec) -> list[Problem]:
    if spec.user or spec.groups:
        return []
    return [Problem("spec.user", 'Invalid value: "": at least one of user or group must be specified')]


def _asked_problems(spec: Spec) -> list[Problem]:
    about_resource, about_path = spec.HasField("resource_attributes"), spec.HasField("non_resource_attributes")
    if about_resource and about_path:
        what = "Invalid value: cannot be specified in combination with resourceAttributes"
        return [Problem("spec.nonResourceAttributes", what)]
    if not about_resource and not about_path:
        what = "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [Problem("spec.resourceAttributes", what)]
    return []


def _user_of(spec: authorization.SubjectAccessReviewSpec) -> User:
    """The user as described; one who is only in groups has a name that nobody else has."""
    extra = tuple(sorted((key, tuple(value.items)) for key, value in spec.extra.items()))
    return User(spec.user or "\0", frozenset(spec.groups), spec.uid, extra)


def _status(backend: Backend, user: User, spec: Spec) -> authorization.SubjectAccessReviewStatus:
    decision = backend.authorizer.decide(user, _asked(spec))
    return authorization.SubjectAccessReviewStatus(allowed=decision.allowed, reason=decision.reason)


def _asked(spec: Spec) -> Attributes:
    if spec.HasField("non_resource_attributes"):
        return Attributes(spec.non_resource_attributes.verb, path=spec.non_resource_attributes.path)
    about = spec.resource_attributes
    return Attributes(
        about.verb, about.group, about.version, about.resource, about.subresource, about.namespace, about.name,
        selector=_selector(about.field_selector),
    )  # fmt: skip


def _selector(wanted: authorization.FieldSelectorAttributes) -> FieldSelector:
    """The terms that ask for one value; others only narrow the request, and nothing is granted for them."""
    terms = tuple(
        Term(one.key, one.values[0]) for one in wanted.requirements if one.operator in _EXACT and len(one.values) == 1
    )
    return FieldSelector(terms) if terms else EVERYTHING
