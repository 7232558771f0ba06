"""Facts about a pod as text: what its variables and files may say of it (the downward API). Pure.

https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from controlplane.api import quantity
from protos.v1 import core_pb2 as core

_INDEXED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"
}  # fmt: skip


class FactProblem(Exception):
    """There is no such fact. The text is Kubernetes'."""


def metadata_text(pod: core.Pod, path: str) -> str | None:
    """A field of the pod's metadata; None for any other path. A label that the pod does not have is empty."""
    metadata = pod.metadata
    indexed = _INDEXED.fullmatch(path)
    if indexed:
        texts: Mapping[str, str] = metadata.labels if indexed[1] == "labels" else metadata.annotations
        return texts.get(indexed[2], "")
    known = {"metadata.name": metadata.name, "metadata.namespace": metadata.namespace, "metadata.uid": metadata.uid}
    return known.get(path)


def file_text(pod: core.Pod, path: str) -> str:
    """A field as a file has it: as above, and all labels or annotations as lines. Raises FactProblem."""
    if path == "metadata.labels":
        return _lines(pod.metadata.labels)
    if path == "metadata.annotations":
        return _lines(pod.metadata.annotations)
    text = metadata_text(pod, path)
    if text is None:
        raise FactProblem(f"unsupported fieldPath: {path}")
    return text


def resource_text(container: core.Container, ref: core.ResourceFieldSelector, allocatable: Mapping[str, int]) -> str:
    """The amount in units of the divisor, rounded up; a limit that is not set is what the node has to give, `allocatable`,
    in whole CPUs and bytes."""
    kind, _, name = ref.resource.partition(".")
    amounts = container.resources.limits if kind == "limits" else container.resources.requests
    millis = quantity.millis(amounts[name]) if name in amounts else 0
    if kind == "limits" and not millis:
        millis = allocatable.get(name, 0) * 1000
    divisor = quantity.millis(ref.divisor) or 1000
    return str(-(-millis // divisor))


def container_of(pod: core.Pod, name: str) -> core.Container:
    """Raises FactProblem for a pod without such a container."""
    for container in (*pod.spec.containers, *pod.spec.init_containers):
        if container.name == name:
            return container
    raise FactProblem(f"container {name} not found")


def quoted(text: str) -> str:
    """As Go's `%q` writes it: `a"b` -> `"a\\"b"`."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _lines(texts: Mapping[str, str]) -> str:
    """`key="value"`, ordered by key; none at the end of the last line."""
    return "\n".join(f"{key}={quoted(texts[key])}" for key in sorted(texts))


def _escaped(character: str) -> str:
    known = _ESCAPES.get(character)
    if known is not None:
        return known
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
