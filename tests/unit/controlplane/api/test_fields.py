"""Field selectors: reading, matching, and the paths each kind allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.api import fields
from controlplane.api.fields import FieldSelector, Term
from controlplane.api.registry import EVENTS, KINDS, NODES, PODS, Kind
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

POD = core.Pod(
    metadata=meta.ObjectMeta(name="web-1", namespace="shop"),
    spec=core.PodSpec(node_name="node-1"),
    status=core.PodStatus(phase="Running", pod_ip="10.0.0.7"),
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("metadata.name=web-1", True),
        ("metadata.name==web-1,spec.nodeName=node-1", True),
        ("spec.nodeName=", False),
        ("spec.nodeName!=node-2", True),
        ("spec.nodeName != node-1", True),
        ("status.phase!=Running", False),
        ("status.podIP=10.0.0.7,", True),
        ("spec.hostNetwork=false", True),
        ("status.nominatedNodeName=", True),
    ],
)
def test_text_picks_objects_as_in_kubernetes(text: str, matches: bool) -> None:
    selector = fields.parse(text)
    fields.check(PODS, selector)
    assert selector.matches(fields.reader(PODS, POD)) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("spec.nodeName", '"spec.nodeName" at position 1 is not a condition; write it as path=value'),
        ("a=b,c", '"c" at position 5 is not a condition'),
        ("=b", '"=b" at position 1'),
        ("a=b=c", '"a=b=c" at position 1'),
    ],
)
def test_bad_text_is_refused_with_the_position(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fields.parse(text)


def test_only_the_listed_paths_can_be_selected_by() -> None:
    with pytest.raises(
        ValueError, match=r'"spec.image" is not a field that pods can be selected by; use one of metadata.name,'
    ):
        fields.check(PODS, fields.parse("spec.image=nginx"))
    with pytest.raises(ValueError, match=r"metadata\.namespace"):
        fields.read_path(NODES, core.Node(), "metadata.namespace")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_listed_path_can_be_read(kind: Kind) -> None:
    for path in fields.selectable_paths(kind):
        assert fields.read_path(kind, kind.message(), path) in {"", "0", "false"}


def test_an_events_source_is_its_component() -> None:
    event = core.Event(source=core.EventSource(component="scheduler"))
    assert fields.read_path(EVENTS, event, "source") == "scheduler"


def test_an_exact_value_can_be_asked_for() -> None:
    selector = fields.parse("spec.nodeName=node-1,status.phase!=Failed")
    assert selector.exact("spec.nodeName") == "node-1"
    assert selector.exact("status.phase") is None


@given(
    st.lists(
        st.builds(Term, st.sampled_from(["a", "b.c"]), st.text(r"\,=x ", max_size=4).map(str.strip), st.booleans()),
        max_size=3,
    )
)
def test_a_selector_reads_back_as_written(terms: list[Term]) -> None:
    selector = FieldSelector(tuple(terms))
    assert fields.parse(str(selector)) == selector
