"""Deployments, ReplicaSets, DaemonSets and StatefulSets as extensions/v1beta1, apps/v1beta1 and apps/v1beta2 had them.

The shapes are those of apps/v1 but for two fields, which live on as annotations. What differs is what was assumed where a
manifest said nothing; that is written out on the way in, so that an old manifest goes on to mean what it meant.
"""

from __future__ import annotations

from controlplane.api.conversion.documents import Doc, default, made, part

ROLLBACK_TO = "deprecated.deployment.rollback.to"
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_NO_LIMIT = 2**31 - 1


def deployment_from_extensions(doc: Doc) -> None:
    _own_labels(doc)
    spec = made(doc, "spec")
    default(spec, "progressDeadlineSeconds", _NO_LIMIT)
    default(spec, "revisionHistoryLimit", _NO_LIMIT)
    strategy = made(spec, "strategy")
    if strategy.get("type") in (None, "", "RollingUpdate"):
        rolling = made(strategy, "rollingUpdate")
        default(rolling, "maxUnavailable", 1)
        default(rolling, "maxSurge", 1)
    _rollback_in(doc)


def deployment_from_apps_beta1(doc: Doc) -> None:
    _own_labels(doc)
    default(made(doc, "spec"), "revisionHistoryLimit", 2)
    _rollback_in(doc)


def deployment_to_beta1(doc: Doc) -> None:
    """Both to extensions/v1beta1 and to apps/v1beta1."""
    annotation = _taken(doc, ROLLBACK_TO)
    if annotation is not None:
        made(doc, "spec")["rollbackTo"] = {"revision": annotation}


def _rollback_in(doc: Doc) -> None:
    rollback = part(doc, "spec").pop("rollbackTo", None)
    if isinstance(rollback, dict):
        _annotate(doc, ROLLBACK_TO, rollback.get("revision") or 0)


def replica_set_from_extensions(doc: Doc) -> None:
    _own_labels(doc)


def daemon_set_from_extensions(doc: Doc) -> None:
    _own_labels(doc)
    strategy = made(doc, "spec", "updateStrategy")
    strategy["type"] = strategy.get("type") or "OnDelete"
    generation = part(doc, "spec").pop("templateGeneration", None)
    if generation is not None:
        _annotate(doc, TEMPLATE_GENERATION, generation)


def daemon_set_to_extensions(doc: Doc) -> None:
    annotation = _taken(doc, TEMPLATE_GENERATION)
    if annotation is not None:
        made(doc, "spec")["templateGeneration"] = annotation


def stateful_set_from_apps_beta1(doc: Doc) -> None:
    _own_labels(doc)
    strategy = made(doc, "spec", "updateStrategy")
    strategy["type"] = strategy.get("type") or "OnDelete"


def _own_labels(doc: Doc) -> None:
    """A workload without a selector selects its template's labels, and one without labels takes them over."""
    labels = part(doc, "spec", "template", "metadata", "labels")
    if not labels:
        return
    default(made(doc, "spec"), "selector", {"matchLabels": dict(labels)})
    if not part(doc, "metadata", "labels"):
        made(doc, "metadata")["labels"] = dict(labels)


def _annotate(doc: Doc, key: str, number: object) -> None:
    made(doc, "metadata", "annotations")[key] = str(number)


def _taken(doc: Doc, key: str) -> int | None:
    """The number in the annotation, which is removed; None, and all as it is, where there is no number."""
    annotations = part(doc, "metadata", "annotations")
    text = annotations.get(key)
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        return None
    del annotations[key]
    if not annotations:
        del doc["metadata"]["annotations"]
    return int(text)
