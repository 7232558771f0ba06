"""JSON paths, as columns, selectors and scales use them."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.api.custom import paths

DOCUMENT: dict[str, Any] = {
    "spec": {"replicas": 3, "ports": [{"port": 80}, {"port": 443}], "a.b/c": "x", "none": None},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (".spec.replicas", 3),
        ("spec.replicas", 3),
        (".spec.ports[1].port", 443),
        (".spec.ports[-1].port", 443),
        (".spec.ports[7].port", None),
        (".spec.ports[*].port", 80),
        (".spec['a.b/c']", "x"),
        (r".spec.a\.b/c", "x"),
        ('.status.conditions[?(@.type=="Other")].status', "False"),
        (".status.conditions[?(@.type=='Ready')].status", "True"),
        (".status.conditions[?(@.type=='Gone')].status", None),
        (".spec.none", None),
        (".spec.replicas.deeper", None),
        (".nothing", None),
    ],
)
def test_a_path_reads_its_first_value(path: str, value: object) -> None:
    assert paths.read(DOCUMENT, path) == value


@pytest.mark.parametrize("path", [".spec..a", ".spec[", ".spec[x]", ".a b", ".[?(@.a)]", "{.a}["])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no JSON path"):
        paths.read(DOCUMENT, path)


def test_writing_makes_the_objects_on_the_way() -> None:
    document: dict[str, Any] = {}
    paths.write(document, ".spec.size.replicas", 2)
    assert document == {"spec": {"size": {"replicas": 2}}}
    with pytest.raises(ValueError, match="size is no object"):
        paths.write({"spec": {"size": 1}}, ".spec.size.replicas", 2)
