"""Pods must meet the level that their namespace enforces; who writes one, or a pattern for some, is warned as it asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from controlplane.api import errors, pod_security, registry
from controlplane.api.objects import Key
from controlplane.api.pod_controls import Subject
from controlplane.api.pod_security import Policy, Standard
from controlplane.server.admission.review import Review, forbidden
from controlplane.store.cache import Cache
from protos.v1 import core_pb2 as core

_MOST_PODS = 3000  # looked at when a namespace becomes stricter
_CHECKED_PARTS = ("", "ephemeralcontainers")


class PodSecurity:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def complete(self, review: Review) -> None:
        pass

    def check(self, review: Review) -> None:
        if isinstance(review.obj, core.Namespace):
            self._check_namespace(review, review.obj)
        elif review.kind.namespaced and review.obj is not None and review.subresource in _CHECKED_PARTS:
            self._check_pods(review)

    def _check_pods(self, review: Review) -> None:
        policy = self._policy(review.key.namespace)
        if policy.enforce.is_privileged and policy.warn.is_privileged:
            return
        subject = pod_security.subject_of(review.obj) if review.obj is not None else None
        if subject is None or not _matters(review):
            return
        if isinstance(review.obj, core.Pod):
            found = pod_security.findings(policy.enforce, subject)
            if found:
                raise forbidden(review, f'violates PodSecurity "{policy.enforce}": {", ".join(map(str, found))}')
        found = pod_security.findings(policy.warn, subject)
        if found:
            review.caller.warn(f'would violate PodSecurity "{policy.warn}": {", ".join(map(str, found))}')

    def _policy(self, namespace: str) -> Policy:
        found = self._cache.of(registry.NAMESPACES).get(Key("", namespace))
        return pod_security.policy_of(found.labels if found is not None else {})

    def _check_namespace(self, review: Review, namespace: core.Namespace) -> None:
        if review.subresource:
            return
        before = review.old.metadata.labels if review.old is not None else {}
        problems = pod_security.label_problems(namespace.metadata.labels)
        if problems and (review.old is None or problems != pod_security.label_problems(before)):
            raise errors.invalid(review.kind.resource, review.key.name, problems)
        enforced = pod_security.policy_of(namespace.metadata.labels).enforce
        if review.old is not None and pod_security.is_stricter(enforced, pod_security.policy_of(before).enforce):
            for warning in self._violations(namespace.metadata.name, enforced):
                review.caller.warn(warning)

    def _violations(self, namespace: str, enforced: Standard) -> Iterator[str]:
        """Which pods that run there do not meet what is enforced from now on, those with the same faults together."""
        names: dict[str, list[str]] = {}
        for record in list(self._cache.of(registry.PODS).records(namespace))[:_MOST_PODS]:
            pod = cast("core.Pod", record.message())
            found = pod_security.findings(enforced, Subject(pod.metadata, pod.spec))
            if found:
                names.setdefault(", ".join(finding.reason for finding in found), []).append(record.key.name)
        if names:
            yield f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{enforced}"'
        for reasons, pods in names.items():
            others = len(pods) - 1
            more = f" (and {others} other {'pod' if others == 1 else 'pods'})" if others else ""
            yield f"{pods[0]}{more}: {reasons}"


def _matters(review: Review) -> bool:
    """Whether the write can change how secure a pod is. Of a pod that runs, only images and debugging containers change."""
    new, old = review.obj, review.old
    if not isinstance(new, core.Pod) or not isinstance(old, core.Pod):
        return True
    return _images(new) != _images(old) or list(new.spec.ephemeral_containers) != list(old.spec.ephemeral_containers)


def _images(pod: core.Pod) -> list[str]:
    return [container.image for container in (*pod.spec.init_containers, *pod.spec.containers)]
