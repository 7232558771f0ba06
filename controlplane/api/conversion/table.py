"""Documents of other versions, into the version that objects are kept in and back.

The kinds table says which versions a kind has (`Kind.older`); here stands what has to be done about those whose documents
look different. Nothing given is changed. A document need not be sound: what is wrong with it, the decoder tells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controlplane.api.conversion import access, autoscalers, definitions, events, networking, policy, scales, workloads
from controlplane.api.conversion.documents import Doc, copied
from controlplane.api.kind import Kind

Step = Callable[[Doc], None]


def _as_it_is(_doc: Doc) -> None:
    """Both versions look the same."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """What turns a document of an older version into one of the current version, in place, and back."""

    into: Step = _as_it_is
    back: Step = _as_it_is


_SAME = _Pair()
_ACCESS_REVIEW = _Pair(access.access_review_in, access.access_review_out)
_EVENT = _Pair(events.event_in, events.event_out)
_INGRESS = _Pair(networking.ingress_in, networking.ingress_out)
_SCALE = _Pair(scales.scale_in, scales.scale_out)
_PAIRS: dict[tuple[str, str], _Pair] = {
    ("Deployment", "extensions/v1beta1"): _Pair(workloads.deployment_from_extensions, workloads.deployment_to_beta1),
    ("Deployment", "apps/v1beta1"): _Pair(workloads.deployment_from_apps_beta1, workloads.deployment_to_beta1),
    ("ReplicaSet", "extensions/v1beta1"): _Pair(workloads.replica_set_from_extensions),
    ("DaemonSet", "extensions/v1beta1"): _Pair(workloads.daemon_set_from_extensions, workloads.daemon_set_to_extensions),
    ("StatefulSet", "apps/v1beta1"): _Pair(workloads.stateful_set_from_apps_beta1),
    ("HorizontalPodAutoscaler", "autoscaling/v1"): _Pair(autoscalers.from_v1, autoscalers.to_v1),
    ("HorizontalPodAutoscaler", "autoscaling/v2beta1"): _Pair(autoscalers.from_v2beta1, autoscalers.to_v2beta1),
    ("PodDisruptionBudget", "policy/v1beta1"): _Pair(policy.budget_in, policy.budget_out),
    ("Ingress", "networking.k8s.io/v1beta1"): _INGRESS,
    ("Ingress", "extensions/v1beta1"): _INGRESS,
    ("EndpointSlice", "discovery.k8s.io/v1beta1"): _Pair(networking.endpoint_slice_in, networking.endpoint_slice_out),
    ("CertificateSigningRequest", "certificates.k8s.io/v1beta1"): _Pair(access.signing_request_in),
    ("CustomResourceDefinition", "apiextensions.k8s.io/v1beta1"): _Pair(
        definitions.definition_in, definitions.definition_out
    ),
    ("SubjectAccessReview", "authorization.k8s.io/v1beta1"): _ACCESS_REVIEW,
    ("LocalSubjectAccessReview", "authorization.k8s.io/v1beta1"): _ACCESS_REVIEW,
    ("Event", "events.k8s.io/v1"): _EVENT,
    ("Event", "events.k8s.io/v1beta1"): _EVENT,
    ("Scale", "extensions/v1beta1"): _SCALE,
    ("Scale", "apps/v1beta1"): _SCALE,
    ("Scale", "apps/v1beta2"): _SCALE,
}
# Versions beside the one that objects are kept in that are as current as that one.
_CURRENT = {("HorizontalPodAutoscaler", "autoscaling/v1"), ("Event", "events.k8s.io/v1")}


def to_current(kind: Kind[Any], doc: Doc) -> Doc:
    """The document in the kind's own version. Its `apiVersion` must be one of the kind's."""
    result: Doc = copied(doc)
    _pair(kind, doc["apiVersion"]).into(result)
    return result | {"apiVersion": kind.api_version, "kind": kind.name}


def from_current(kind: Kind[Any], doc: Doc, api_version: str) -> Doc:
    """The document, which is in the kind's own version, in another one of the kind's."""
    result: Doc = copied(doc)
    _pair(kind, api_version).back(result)
    return result | {"apiVersion": api_version, "kind": kind.name}


def deprecation(kind: Kind[Any], api_version: str) -> str | None:
    """What to tell whoever writes this version, if anything."""
    if api_version == kind.api_version or kind.is_custom or (kind.name, api_version) in _CURRENT:
        return None
    return f"{api_version} {kind.name} is deprecated; use {kind.api_version} {kind.name}"


def _pair(kind: Kind[Any], api_version: str) -> _Pair:
    return _SAME if kind.is_custom else _PAIRS.get((kind.name, api_version), _SAME)
