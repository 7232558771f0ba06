"""Whatever an object holds survives the way to JSON and back."""

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.api import codec
from controlplane.api.errors import BadRequest
from controlplane.api.registry import KINDS, PODS, Kind
from protos.v1 import core_pb2 as core
from tests.support.messages import messages


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_kind_survives_json(kind: Kind, data: st.DataObject) -> None:
    obj = data.draw(messages(kind.message))
    text = codec.to_json(kind, obj)
    assert codec.from_json(None, text) == obj
    assert codec.to_dict(kind, codec.from_json(kind, text)) == codec.to_dict(kind, obj)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages(core.PodSpec))
def test_a_pods_spec_survives_json(spec: core.PodSpec) -> None:
    assert codec.message_from_dict(codec.message_to_dict(spec), core.PodSpec()) == spec


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["spec", "containers", "name", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_no_document_is_accepted_or_refused_by_accident(doc: object) -> None:
    """A document is either refused as a bad request, or what was read says the same when it is written again."""
    try:
        obj = codec.from_dict(PODS, doc)
    except BadRequest:
        return
    assert codec.from_dict(PODS, orjson.loads(codec.to_json(PODS, obj))) == obj
