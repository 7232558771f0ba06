"""What every new pod gets."""

from __future__ import annotations

from controlplane.api import defaults
from controlplane.server.admission.review import Review
from protos.v1 import core_pb2 as core


class PodDefaults:
    def complete(self, review: Review) -> None:
        if review.operation == "create" and isinstance(review.obj, core.Pod):
            defaults.default_tolerations(review.obj)

    def check(self, review: Review) -> None:
        pass
