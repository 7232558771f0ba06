"""What a service-account token says, in both of Kubernetes' spellings. Pure: claims in, JSON out, and back.

A token on request ends, is meant for audiences, and may be bound to a pod, a secret or a node. A legacy token stands in a
secret and is good as long as it stands there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEGACY_ISSUER = "kubernetes/serviceaccount"
_LEGACY = "kubernetes.io/serviceaccount/"


@dataclass(frozen=True, slots=True)
class Ref:
    """An object that a token depends on; `uid` is empty in legacy tokens."""

    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Claims:
    """`begins` and `ends` are in seconds since 1970; `ends` is None in a legacy token."""

    namespace: str
    account: Ref
    audiences: tuple[str, ...] = ()
    issued: int = 0
    begins: int = 0
    ends: int | None = None
    id: str = ""
    pod: Ref | None = None
    secret: Ref | None = None
    node: Ref | None = None

    @property
    def subject(self) -> str:
        return f"system:serviceaccount:{self.namespace}:{self.account.name}"

    @property
    def is_legacy(self) -> bool:
        return self.ends is None


class ClaimsError(Exception):
    """The claims are not those of a service account's token."""


def to_json(claims: Claims, issuer: str) -> dict[str, Any]:
    """The payload of a token on request."""
    about: dict[str, Any] = {"namespace": claims.namespace, "serviceaccount": _ref(claims.account)}
    for word, ref in (("pod", claims.pod), ("secret", claims.secret), ("node", claims.node)):
        if ref is not None:
            about[word] = _ref(ref)
    return {
        "iss": issuer,
        "sub": claims.subject,
        "aud": list(claims.audiences),
        "iat": claims.issued,
        "nbf": claims.begins,
        "exp": claims.ends,
        "jti": claims.id,
        "kubernetes.io": about,
    }


def to_legacy_json(claims: Claims) -> dict[str, Any]:
    """The payload of a token that stands in a secret."""
    assert claims.secret is not None
    return {
        "iss": LEGACY_ISSUER,
        "sub": claims.subject,
        f"{_LEGACY}namespace": claims.namespace,
        f"{_LEGACY}secret.name": claims.secret.name,
        f"{_LEGACY}service-account.name": claims.account.name,
        f"{_LEGACY}service-account.uid": claims.account.uid,
    }


def from_json(payload: Mapping[str, Any]) -> Claims:
    """Raises ClaimsError unless everything is there and fits together."""
    claims = _from_legacy(payload) if payload.get("iss") == LEGACY_ISSUER else _from_bound(payload)
    if payload.get("sub") != claims.subject or not claims.namespace or not claims.account.name or not claims.account.uid:
        raise ClaimsError("subject and service account differ")
    return claims


def _from_bound(payload: Mapping[str, Any]) -> Claims:
    about = payload.get("kubernetes.io")
    if not isinstance(about, dict):
        raise ClaimsError("no claims of Kubernetes")
    account = _read_ref(about, "serviceaccount")
    if account is None:
        raise ClaimsError("no service account")
    return Claims(
        _text(about, "namespace"),
        account,
        _audiences(payload.get("aud")),
        _number(payload, "iat"),
        _number(payload, "nbf"),
        _number(payload, "exp"),
        _text(payload, "jti"),
        _read_ref(about, "pod"),
        _read_ref(about, "secret"),
        _read_ref(about, "node"),
    )


def _from_legacy(payload: Mapping[str, Any]) -> Claims:
    account = Ref(_text(payload, f"{_LEGACY}service-account.name"), _text(payload, f"{_LEGACY}service-account.uid"))
    secret = Ref(_text(payload, f"{_LEGACY}secret.name"))
    return Claims(_text(payload, f"{_LEGACY}namespace"), account, secret=secret)


def _ref(ref: Ref) -> dict[str, str]:
    return {"name": ref.name, "uid": ref.uid}


def _read_ref(about: Mapping[str, Any], word: str) -> Ref | None:
    found = about.get(word)
    if found is None:
        return None
    if not isinstance(found, dict):
        raise ClaimsError(f"{word} is no reference")
    ref = Ref(_text(found, "name"), _text(found, "uid"))
    if not ref.name or not ref.uid:
        raise ClaimsError(f"{word} is not named in full")
    return ref


def _text(values: Mapping[str, Any], word: str) -> str:
    found = values.get(word, "")
    if not isinstance(found, str):
        raise ClaimsError(f"{word} is no text")
    return found


def _number(values: Mapping[str, Any], word: str) -> int:
    found = values.get(word)
    if not isinstance(found, int) or isinstance(found, bool):
        raise ClaimsError(f"{word} is no time")
    return found


def _audiences(found: object) -> tuple[str, ...]:
    every: Sequence[object] = [found] if isinstance(found, str) else found if isinstance(found, list) else ()
    return tuple(str(one) for one in every)
