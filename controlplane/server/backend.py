"""What the verbs work with."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.server.admission.chain import Admission
from controlplane.server.authz import Authorizer
from controlplane.server.sources import Sources
from controlplane.store.store import Store


@dataclass(frozen=True, slots=True)
class Backend:
    store: Store
    authorizer: Authorizer
    admission: Admission
    sources: Sources
