"""What files may say of a pod."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane.volumes.facts import FactProblem, container_of, file_text, metadata_text, quoted, resource_text
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container, make_pod

GIB = 1 << 30


def a_pod() -> core.Pod:
    pod = make_pod("web", labels={"tier": "front", "app": "web"})
    pod.metadata.annotations["note"] = 'two\nlines, "quoted"'
    return pod


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("metadata.name", "web"),
        ("metadata.namespace", "default"),
        ("metadata.uid", "uid-web"),
        ("metadata.labels", 'app="web"\ntier="front"'),
        ("metadata.annotations", 'note="two\\nlines, \\"quoted\\""'),
        ("metadata.labels['tier']", "front"),
        ("metadata.annotations['note']", 'two\nlines, "quoted"'),
        ("metadata.labels['none']", ""),
    ],
)
def test_a_field_becomes_text(path: str, text: str) -> None:
    assert file_text(a_pod(), path) == text


def test_what_files_cannot_say_is_told() -> None:
    assert metadata_text(a_pod(), "status.podIP") is None
    with pytest.raises(FactProblem, match=r"unsupported fieldPath: status\.podIP"):
        file_text(a_pod(), "status.podIP")


@pytest.mark.parametrize(
    ("resource", "divisor", "text"),
    [
        ("limits.cpu", "", "1"), ("limits.cpu", "1m", "500"), ("requests.memory", "1Mi", "64"), ("requests.cpu", "1m", "0"),
        ("requests.memory", "", str(64 << 20)), ("requests.memory", "60Mi", "2"), ("limits.memory", "1Gi", "4"),
    ],
)  # fmt: skip
def test_amounts_are_counted_in_units_of_the_divisor(resource: str, divisor: str, text: str) -> None:
    """A limit that is not set is what the node has to give."""
    ref = core.ResourceFieldSelector(resource=resource)
    ref.divisor.string = divisor
    container = make_container(requests={"memory": "64Mi"}, limits={"cpu": "500m"})
    assert resource_text(container, ref, {"memory": 4 * GIB}) == text


def test_containers_are_found_by_name() -> None:
    pod = make_pod(containers=[make_container("one"), make_container("two")])
    pod.spec.init_containers.append(make_container("first"))
    assert container_of(pod, "two") is pod.spec.containers[1]
    assert container_of(pod, "first") is pod.spec.init_containers[0]
    with pytest.raises(FactProblem, match="container none not found"):
        container_of(pod, "none")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain text", '"plain text"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("\t\r\n\a\b\f\v", '"\\t\\r\\n\\a\\b\\f\\v"'),
        ("\x00\x1b\x7f", '"\\x00\\x1b\\x7f"'),
        ("größe→✓", '"größe→✓"'),
        ("\u00a0\u200b\U000e0001", '"\\u00a0\\u200b\\U000e0001"'),
    ],
)
def test_text_is_quoted_as_go_does_it(text: str, written: str) -> None:
    assert quoted(text) == written


@given(st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), st.text(), min_size=1))
def test_every_label_stays_on_its_line(labels: dict[str, str]) -> None:
    pod = make_pod()
    pod.metadata.annotations.update(labels)
    lines = file_text(pod, "metadata.annotations").split("\n")
    assert lines == [f"{key}={quoted(labels[key])}" for key in sorted(labels)]
