"""No pod is placed on a new node before it has said that it is ready. The node controller takes the taint off again."""

from __future__ import annotations

from controlplane.api import objects, taints
from controlplane.server.admission.review import Review
from protos.v1 import core_pb2 as core


class NewNodes:
    def complete(self, review: Review) -> None:
        node = review.obj
        if review.operation != "create" or not isinstance(node, core.Node):
            return
        tainted = any(taint.key == taints.NOT_READY and taint.effect == taints.NO_SCHEDULE for taint in node.spec.taints)
        if not tainted and not objects.condition_is(node.status.conditions, "Ready"):
            node.spec.taints.add(key=taints.NOT_READY, effect=taints.NO_SCHEDULE)

    def check(self, review: Review) -> None:
        pass
