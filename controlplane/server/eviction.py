"""Subresource `eviction` of pods: a delete that asks the pod's disruption budget first.

The budget's count and the pod change in one transaction, so that two evictions never share one allowed disruption, and none
is taken for a pod that then stays.
"""

from __future__ import annotations

from typing import cast

from controlplane.api import disruptions, errors, registry, times
from controlplane.api.errors import Problem
from controlplane.api.objects import Key, copy_of, set_condition
from controlplane.server import requests, strategy
from controlplane.server.admission.review import Review
from controlplane.server.backend import Backend
from controlplane.server.deletion import check_options, check_preconditions, propagation_in
from controlplane.server.modification import Modification
from controlplane.server.users import Caller
from controlplane.store.records import Record
from controlplane.store.store import Also
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import policy_pb2 as policy
from protos.v1 import resources_pb2 as wire

_NAME = "eviction"
_ATTEMPTS = 20
_RETRY_SECONDS = 10
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


class Evictions:
    """The `Part`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._store = backend.store
        self._modification = Modification(backend)

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        raise _no_verb("get")

    async def update(self, caller: Caller, request: wire.UpdateRequest) -> Record:
        raise _no_verb("update")

    async def patch(self, caller: Caller, request: wire.PatchRequest) -> Record:
        raise _no_verb("patch")

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        """The eviction as it was asked for, once the pod is on its way out."""
        body = registry.unwrap(request.object)
        if not isinstance(body, policy.Eviction):
            raise errors.BadRequest(f"object: pods/{_NAME} takes an Eviction", kind=registry.PODS.resource)
        key = requests.key_for(registry.PODS, body.metadata.namespace, body.metadata.name)
        self._backend.authorizer.check(caller, "create", registry.PODS, key, _NAME)
        options = body.delete_options
        check_options(options)
        for _ in range(_ATTEMPTS):
            if await self._attempt(caller, key, options, dry_run=request.dry_run or "All" in options.dry_run):
                return Record(registry.EVICTIONS, key, body.SerializeToString(), 0)
        raise errors.Timeout(f'pods "{key.name}": it, or its disruption budget, keeps changing; try again', kind="pods")

    async def _attempt(self, caller: Caller, key: Key, options: meta.DeleteOptions, *, dry_run: bool) -> bool:
        """False when the pod or its budget changed meanwhile."""
        await self._store.freshen()
        record = self._store.cache.of(registry.PODS).get(key)
        if record is None:
            raise errors.not_found(registry.PODS.resource, key.name)
        check_preconditions(options, record)
        pod = cast("core.Pod", record.message())
        review = Review(caller, "delete", registry.PODS, key, None, pod, _NAME, dry_run)
        self._backend.admission.complete(review)
        self._backend.admission.check(review)
        also = self._budget_entry(pod)
        ending = self._ending(pod, options)
        if dry_run or strategy.same(pod, ending):
            return True
        return await self._modification.replace(record, pod, ending, also) is not None

    def _ending(self, pod: core.Pod, options: meta.DeleteOptions) -> core.Pod:
        now = self._backend.sources.now()
        ending = copy_of(pod)
        strategy.mark_terminating(
            ending, grace_seconds=strategy.grace_of(pod, options), propagation=propagation_in(options), now=now
        )
        reason = core.PodCondition(
            type="DisruptionTarget", status="True", reason="EvictionByEvictionAPI", message="Eviction API: evicting"
        )
        reason.last_transition_time.CopyFrom(times.to_time(now))
        set_condition(ending.status.conditions, reason)
        return ending

    def _budget_entry(self, pod: core.Pod) -> list[Also]:
        """The pod's budget with one disruption less; nothing for a pod that needs none. Raises TooManyRequests."""
        if disruptions.may_always_go(pod):
            return []
        records = self._store.cache.of(registry.POD_DISRUPTION_BUDGETS).records(pod.metadata.namespace)
        found = [(record, cast("policy.PodDisruptionBudget", record.message())) for record in records]
        guarding = [(record, budget) for record, budget in found if disruptions.guards(budget, pod)]
        if len(guarding) > 1:
            raise errors.StatusError(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            )
        for record, budget in guarding:
            if not disruptions.spares(budget, pod):
                _check(budget)
                taken = disruptions.take_one(budget, pod.metadata.name, self._backend.sources.now())
                return [Also(taken, record)]
        return []


def _check(budget: policy.PodDisruptionBudget) -> None:
    name, status = budget.metadata.name, budget.status
    if not disruptions.is_current(budget):
        raise _too_many(f"The disruption budget {name} is still being processed by the server.", _RETRY_SECONDS)
    if status.disruptions_allowed < 0:
        raise _forbidden(name, "pdb disruptions allowed is negative")
    if disruptions.is_crowded(budget):
        raise _forbidden(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller")
    if status.disruptions_allowed == 0:
        raise _too_many(
            f"The disruption budget {name} needs {status.desired_healthy} healthy pods and has {status.current_healthy} "
            "currently"
        )


def _too_many(why: str, retry_after_seconds: int = 0) -> errors.TooManyRequests:
    cause = Problem("", why, "DisruptionBudget")
    return errors.TooManyRequests(_REFUSED, problems=[cause], retry_after_seconds=retry_after_seconds)


def _forbidden(name: str, why: str) -> errors.Forbidden:
    kind = registry.POD_DISRUPTION_BUDGETS
    return errors.Forbidden(f'{kind.resource} "{name}" is forbidden: {why}', kind=kind.resource, name=name)


def _no_verb(verb: str) -> errors.MethodNotAllowed:
    return errors.MethodNotAllowed(f"pods/{_NAME} does not support {verb}; it has create", kind=registry.PODS.resource)
