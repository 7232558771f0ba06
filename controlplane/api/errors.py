"""Why a call failed, in Kubernetes' terms. Raised by the server's verbs, carried over the wire, raised again by the client.

StatusError                 every refusal by the API; `.status` is the message that travels
├── NotFound                no such object, or no such resource
├── AlreadyExists           the name is taken
├── Conflict                the object changed meanwhile, or a precondition does not hold
├── Invalid                 the object breaks a rule; `.problems` lists all of them
├── BadRequest              the request itself makes no sense
├── Unauthorized            the caller is nobody we know
├── Forbidden               the caller may not do this
├── Expired                 the revision is no longer kept
├── TooLarge                the object exceeds the size limit
├── MethodNotAllowed        the resource does not have this verb
├── UnsupportedMediaType    the resource does not take a body of this type
├── TooManyRequests         not now; `.retry_after_seconds` says when
├── Timeout                 it took too long; it may have happened
└── Unavailable             try again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from protos.v1 import meta_pb2 as meta


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule. `path` as a person writes it: `spec.containers[0].image`; `reason` is Kubernetes' cause type
    (`FieldValueRequired`, `FieldValueInvalid`, `FieldValueDuplicate`, `FieldValueNotSupported`, `FieldValueForbidden`)."""

    path: str
    message: str
    reason: str = "FieldValueInvalid"

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class StatusError(Exception):
    """A call was refused. `str()` is the message for people."""

    reason: ClassVar[str] = "InternalError"
    code: ClassVar[int] = 500

    def __init__(
        self, message: str, *, kind: str = "", name: str = "", problems: Sequence[Problem] = (), retry_after_seconds: int = 0
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.name = name
        self.problems = tuple(problems)
        self.retry_after_seconds = retry_after_seconds

    @property
    def status(self) -> meta.Status:
        status = meta.Status(status="Failure", message=self.message, reason=self.reason, code=self.code)
        status.details.name = self.name
        status.details.kind = self.kind
        status.details.retry_after_seconds = self.retry_after_seconds
        for problem in self.problems:
            status.details.causes.add(reason=problem.reason, message=problem.message, field=problem.path)
        return status


class NotFound(StatusError):
    reason, code = "NotFound", 404


class AlreadyExists(StatusError):
    reason, code = "AlreadyExists", 409


class Conflict(StatusError):
    reason, code = "Conflict", 409


class Invalid(StatusError):
    reason, code = "Invalid", 422


class BadRequest(StatusError):
    reason, code = "BadRequest", 400


class Unauthorized(StatusError):
    reason, code = "Unauthorized", 401


class Forbidden(StatusError):
    reason, code = "Forbidden", 403


class Expired(StatusError):
    reason, code = "Expired", 410


class TooLarge(StatusError):
    reason, code = "RequestEntityTooLarge", 413


class MethodNotAllowed(StatusError):
    reason, code = "MethodNotAllowed", 405


class UnsupportedMediaType(StatusError):
    reason, code = "UnsupportedMediaType", 415


class TooManyRequests(StatusError):
    reason, code = "TooManyRequests", 429


class Timeout(StatusError):
    reason, code = "Timeout", 504


class Unavailable(StatusError):
    reason, code = "ServiceUnavailable", 503


_BY_REASON: dict[str, type[StatusError]] = {
    cls.reason: cls
    for cls in (NotFound, AlreadyExists, Conflict, Invalid, BadRequest, Unauthorized, Forbidden, Expired, TooLarge,
                MethodNotAllowed, UnsupportedMediaType, TooManyRequests, Timeout, Unavailable)
}  # fmt: skip


def from_status(status: meta.Status) -> StatusError:
    """The error that a received status stands for."""
    cls = _BY_REASON.get(status.reason, StatusError)
    problems = [Problem(cause.field, cause.message, cause.reason) for cause in status.details.causes]
    return cls(
        status.message,
        kind=status.details.kind,
        name=status.details.name,
        problems=problems,
        retry_after_seconds=status.details.retry_after_seconds,
    )


def not_found(resource: str, name: str) -> NotFound:
    return NotFound(f'{resource} "{name}" not found', kind=resource, name=name)


def invalid(resource: str, name: str, problems: Sequence[Problem]) -> Invalid:
    """One error for all problems of an object, worded as Kubernetes does for one, as a list for several."""
    told = str(problems[0]) if len(problems) == 1 else "[" + ", ".join(map(str, problems)) + "]"
    return Invalid(f'{resource} "{name}" is invalid: {told}', kind=resource, name=name, problems=problems)
