"""Values whose JSON is no object of their fields."""

from typing import Any

import pytest

from controlplane.api import codec, registry
from controlplane.api.errors import BadRequest
from controlplane.api.kind import Kind

HUGE = 2**70


@pytest.mark.parametrize(
    ("kind", "document", "told"),
    [
        (registry.CONFIG_MAPS, {"metadata": HUGE}, f"metadata: must be an object, not {HUGE}"),
        (registry.CONTROLLER_REVISIONS, {"data": {"a": HUGE}},
         f"data: must be JSON whose whole numbers fit into 64 bits, not {{'a': {HUGE}}}"),
    ],
)  # fmt: skip
def test_a_number_beyond_64_bits_is_refused_wherever_it_stands(kind: Kind[Any], document: Any, told: str) -> None:
    with pytest.raises(BadRequest) as refused:
        codec.from_dict(kind, document)
    assert told in str(refused.value)
