"""Admission: what a write needs from the cluster it comes into, and what the cluster's rules say to it, in order.

Decisions are taken on the watch cache; where that may lag, the store's conditions hold the line.
"""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.server.admission.addresses import Ranges
from controlplane.server.admission.classes import ClaimResize, DefaultClasses
from controlplane.server.admission.custom_resources import CustomResources
from controlplane.server.admission.limits import LimitRanger
from controlplane.server.admission.namespaces import NamespaceLifecycle
from controlplane.server.admission.node_restriction import NodeRestriction
from controlplane.server.admission.nodes import NewNodes
from controlplane.server.admission.pod_security import PodSecurity
from controlplane.server.admission.pods import PodDefaults
from controlplane.server.admission.priority import Priority
from controlplane.server.admission.quotas import Quotas
from controlplane.server.admission.review import Plugin, Review
from controlplane.server.admission.service_accounts import ServiceAccounts
from controlplane.server.admission.services import ServiceAddresses
from controlplane.server.admission.support import SupportedFields
from controlplane.server.admission.templates import AdmittedSpecs
from controlplane.server.sources import Sources
from controlplane.store.records import Record
from controlplane.store.store import Also, Store


class Admission:
    """`more` are plugins that need more than the store; they come last."""

    def __init__(
        self, store: Store, ranges: Ranges, sources: Sources, more: Sequence[Plugin] = (), *, automount_tokens: bool = True
    ) -> None:
        self._store = store
        self._namespaces = NamespaceLifecycle(store.cache)
        self.addresses = ServiceAddresses(store.cache, ranges, sources)
        self.quotas = Quotas(store, sources.now)
        self.specs = AdmittedSpecs(store.cache)
        self._accounts = ServiceAccounts(store.cache, sources, automount_tokens=automount_tokens)
        self._custom = CustomResources(store.cache, sources)
        self._plugins: Sequence[Plugin] = (
            self._namespaces,
            SupportedFields(),  # before others add to what the caller wrote
            NodeRestriction(store.cache),
            LimitRanger(store.cache),
            self._accounts,
            PodSecurity(store.cache),
            NewNodes(),
            Priority(store.cache),
            PodDefaults(),
            DefaultClasses(store.cache),
            ClaimResize(store.cache),
            self._custom,
            *more,
        )

    def complete(self, review: Review) -> None:
        """Fills in what the object lacks."""
        for plugin in self._plugins:
            plugin.complete(review)

    def check(self, review: Review) -> None:
        """Raises the first refusal of the complete and valid object."""
        for plugin in self._plugins:
            plugin.check(review)

    def required_by(self, review: Review) -> Sequence[Record]:
        """What must not have changed when a new object is written: its namespace, and the definition of its kind."""
        namespace = self._namespaces.namespace_of(review) if review.kind.namespaced else None
        return [record for record in (namespace, self._custom.definition_of(review)) if record is not None]

    def companions(self, review: Review) -> Sequence[Also]:
        """What is created in the same transaction as the object."""
        return self._accounts.companions(review)
