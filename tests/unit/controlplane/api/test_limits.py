"""Limit ranges: what is filled in, and what is refused in which words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from controlplane.api import limits
from protos.v1 import core_pb2 as core
from tests.support.builders import fill, make_container, make_meta, make_pod


def make_range(item_type: str = "Container", **amounts: Mapping[str, str]) -> core.LimitRange:
    made = core.LimitRange(metadata=make_meta("range"))
    item = made.spec.limits.add(type=item_type)
    for field, values in amounts.items():
        fill(getattr(item, field), values)
    return made


def filled(limit_range: core.LimitRange, container: core.Container) -> tuple[dict[str, str], dict[str, str]]:
    pod = make_pod("a", containers=[container])
    limits.fill_pod(pod, [limit_range])
    resources = pod.spec.containers[0].resources
    return (
        {name: amount.string for name, amount in resources.requests.items()},
        {name: amount.string for name, amount in resources.limits.items()},
    )


@pytest.mark.parametrize(
    ("limit_range", "requests", "limited"),
    [
        (make_range(default={"cpu": "1"}, default_request={"cpu": "100m"}), "100m", "1"),
        (make_range(default={"cpu": "1"}), "1", "1"),
        (make_range(max={"cpu": "2"}), "2", "2"),
        (make_range(min={"cpu": "50m"}), "50m", None),
        (make_range(min={"cpu": "50m"}, max={"cpu": "2"}), "2", "2"),
    ],
)
def test_what_is_not_named_comes_from_the_nearest_default(
    limit_range: core.LimitRange, requests: str, limited: str | None
) -> None:
    assert filled(limit_range, make_container()) == ({"cpu": requests}, {"cpu": limited} if limited else {})


def test_what_is_named_stays() -> None:
    given = make_container(requests={"cpu": "5m"}, limits={"cpu": "7m"})
    assert filled(make_range(default={"cpu": "1", "memory": "1Gi"}), given) == (
        {"cpu": "5m", "memory": "1Gi"}, {"cpu": "7m", "memory": "1Gi"},
    )  # fmt: skip


def test_what_was_filled_in_is_noted() -> None:
    pod = make_pod("a", containers=[make_container("web", limits={"cpu": "1"})])
    pod.spec.init_containers.append(make_container("first", requests={"cpu": "1", "memory": "1Gi"}))
    limits.fill_pod(pod, [make_range(default={"cpu": "1", "memory": "1Gi"})])
    assert pod.metadata.annotations["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container web; memory limit for container web; "
        "cpu, memory limit for init container first"
    )
    untouched = make_pod("a")
    limits.fill_pod(untouched, [make_range("Pod", max={"cpu": "1"})])
    assert not untouched.metadata.annotations


def problems(limit_range: core.LimitRange, *containers: core.Container) -> list[str]:
    return limits.pod_problems(make_pod("a", containers=containers), [limit_range])


def sized(request: str = "", limit: str = "", name: str = "web") -> core.Container:
    return make_container(
        name, requests={"cpu": request} if request else None, limits={"cpu": limit} if limit else None
    )  # fmt: skip


@pytest.mark.parametrize(
    ("limit_range", "container", "expected"),
    [
        (make_range(min={"cpu": "1"}), sized(), "minimum cpu usage per Container is 1.  No request is specified"),
        (make_range(min={"cpu": "1"}), sized("500m"), "minimum cpu usage per Container is 1, but request is 500m"),
        (make_range(min={"cpu": "1"}), sized("1", "500m"), "minimum cpu usage per Container is 1, but limit is 500m"),
        (make_range(max={"cpu": "1"}), sized("1"), "maximum cpu usage per Container is 1.  No limit is specified"),
        (make_range(max={"cpu": "1"}), sized("1", "2"), "maximum cpu usage per Container is 1, but limit is 2"),
        (make_range(max={"cpu": "1"}), sized("2", "1"), "maximum cpu usage per Container is 1, but request is 2"),
        (
            make_range(max_limit_request_ratio={"cpu": "2"}),
            sized("", "1"),
            "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
        ),
        (
            make_range(max_limit_request_ratio={"cpu": "2"}),
            sized("1"),
            "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0",
        ),
        (
            make_range(max_limit_request_ratio={"cpu": "1500m"}),
            sized("1", "2"),
            "cpu max limit to request ratio per Container is 1500m, but provided ratio is 2.000000",
        ),
    ],
)
def test_a_container_out_of_bounds(limit_range: core.LimitRange, container: core.Container, expected: str) -> None:
    assert problems(limit_range, container) == [expected]


def test_the_bounds_themselves_are_inside() -> None:
    limit_range = make_range(min={"cpu": "1"}, max={"cpu": "2"}, max_limit_request_ratio={"cpu": "2"})
    assert problems(limit_range, sized("1", "2")) == []


def test_a_pod_is_bounded_in_sum() -> None:
    bounded = make_range("Pod", max={"cpu": "2"})
    assert problems(bounded, sized("1", "1", "a"), sized("1", "1", "b")) == []
    assert problems(bounded, sized("1", "1", "a"), sized("1", "2", "b")) == [
        "maximum cpu usage per Pod is 2, but limit is 3"
    ]  # fmt: skip


def test_init_containers_are_bounded_too() -> None:
    pod = make_pod("a", containers=[sized("1", "1")])
    pod.spec.init_containers.append(sized("3", "3", "first"))
    assert limits.pod_problems(pod, [make_range(max={"cpu": "2"})]) == [
        "maximum cpu usage per Container is 2, but limit is 3"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("1Gi", []),
        ("512Mi", ["minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 512Mi"]),
        ("11Gi", ["maximum storage usage per PersistentVolumeClaim is 10Gi, but request is 11Gi"]),
    ],
)
def test_claims_have_bounds_for_their_size(size: str, expected: list[str]) -> None:
    claim = core.PersistentVolumeClaim(metadata=make_meta("data"))
    fill(claim.spec.resources.requests, {"storage": size})
    bounds = make_range("PersistentVolumeClaim", min={"storage": "1Gi"}, max={"storage": "10Gi"})
    assert limits.claim_problems(claim, [bounds]) == expected


def test_several_problems_are_told_as_a_list() -> None:
    assert limits.told(["a"]) == "a"
    assert limits.told(["a", "b"]) == "[a, b]"
