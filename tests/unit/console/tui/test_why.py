from __future__ import annotations

import pytest

from console.tui.model.why import subject, why
from controlplane.api import objects
from controlplane.api.objects import ApiObject
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from tests.console import samples
from tests.console.everything import everything
from tests.console.samples import NOW
from tests.support import builders


def crashing(message: str = "", back_off: str = "") -> core.Pod:
    status = samples.with_last_end(
        samples.waiting("api", "CrashLoopBackOff", back_off, restart_count=3), "Error", 1, 12)  # fmt: skip
    status.last_state.terminated.message = message
    return samples.pod("api", statuses=(status,))


def unscheduled() -> core.Pod:
    pod = samples.pod("big", "Pending", node="", ip="")
    pod.status.conditions.add(type="PodScheduled", status="False", reason="Unschedulable", message="0/3 nodes: no cpu")
    return pod


def owned() -> core.Pod:
    return builders.make_pod("web-1", owner=builders.make_replica_set("web-7bd"), ready=True)


def deployment(**changes: object) -> apps.Deployment:
    made = samples.deployment(replicas=3, updated_replicas=3, ready_replicas=3, available_replicas=3)
    for path, value in changes.items():
        setattr(made.spec, path, value)
    return made


def failing_deployment() -> apps.Deployment:
    made = deployment()
    made.status.conditions.add(type="ReplicaFailure", status="True", reason="FailedCreate", message="quota exceeded")
    return made


def late_deployment() -> apps.Deployment:
    made = samples.deployment(replicas=3, updated_replicas=1, available_replicas=2)
    made.status.conditions.add(type="Progressing", status="False", reason="ProgressDeadlineExceeded")
    return made


def unready_node() -> core.Node:
    node = builders.make_node(ready="")
    node.status.conditions.add(type="Ready", status="Unknown", reason="NodeStatusUnknown", message="no lease for 41s")
    return node


def finalized() -> core.Namespace:
    return builders.make_namespace("shop", deleted=NOW - 5, finalizers=())


@pytest.mark.parametrize(
    ("obj", "told"),
    [
        (crashing("panic: no DATABASE_URL\n"), 'api exited 1 12s ago · next try in 28s · "panic: no DATABASE_URL"'),
        (crashing("", "back-off 20s restarting failed container=api"), "api exited 1 12s ago · next try in 8s"),
        (crashing("", "back-off 1m20s restarting failed container=api"), "next try in 68s"),
        (samples.pod("p", statuses=(samples.waiting("web", "ErrImagePull", "no such image"),)), "web: no such image"),
        (samples.pod("p", statuses=(samples.ended("web", "OOMKilled", 137),)), "web exited 137 (OOMKilled) 100s ago"),
        (samples.pod("p", statuses=(samples.ended("web", "", 137, 9),)), "web killed by signal 9 100s ago"),
        (unscheduled(), "not scheduled: 0/3 nodes: no cpu"),
        (samples.terminating(samples.pod("p", statuses=(samples.running(),))), "being deleted; 20s of its grace time left"),
        (samples.pod("p", statuses=(core.ContainerStatus(name="web", state=samples.running().state),)), "not ready"),
        (samples.pod("p", "Failed", reason="Evicted", message="disk full"), "disk full"),
        (owned(), "of replicaset web-7bd"),
        (deployment(), "revision 2 rolled out · httpd:1, shipper:2"),
        (deployment(paused=True), "rollout paused"),
        (failing_deployment(), "quota exceeded"),
        (late_deployment(), "exceeded its progress deadline"),
        (samples.deployment(replicas=3, updated_replicas=1), "1 out of 3 new replicas have been updated"),
        (builders.make_replica_set(owner=builders.make_deployment("web"), revision=4), "revision 4 of deployment web"),
        (builders.make_node(unschedulable=True), "takes no new pods (cordoned)"),
        (unready_node(), "NodeStatusUnknown: no lease for 41s"),
        (builders.make_node(ready=""), "has never reported"),
        (builders.make_service(ports=[builders.make_service_port(80, target="http")]), "80 → http · selects app=web"),
        (builders.make_service(selector={}), "selects nothing by itself"),
        (samples.secrets()[0], "keys: password, user"),
        (samples.leases()[0], "renewed 4s ago"),
        (finalized(), "being deleted"),
    ],
)  # fmt: skip
def test_the_object_itself_says_why(obj: ApiObject, told: str) -> None:
    assert told in why(obj, (), NOW)


def test_the_last_thing_that_happened_is_told() -> None:
    pod = samples.pod("web-1", statuses=(samples.running(),))
    events = [
        samples.event("Pulled", "image is there", last=300),
        samples.event("Started", "Started container web", last=60),
    ]
    assert why(pod, events, NOW).startswith("Started: Started container web, 60s ago")


def test_a_pod_that_waits_for_its_image_tells_the_event() -> None:
    pod = samples.pod("web-1", "Pending", (samples.waiting("web", "ContainerCreating"),))
    assert why(pod, [samples.event("Pulling", 'Pulling image "httpd"', last=9)], NOW).startswith("Pulling: ")


def test_an_event_is_told_in_full() -> None:
    event = samples.events()[2]
    assert why(event, (), NOW) == "Back-off restarting failed container web · kubelet, node-1 · 4 times over 119s"
    assert subject(event) == "pod/web-1"


def test_hostile_words_are_made_harmless() -> None:
    pod = crashing("\x1b]0;pwn\x07[/] \u202egnp")
    assert '"[/] gnp"' in why(pod, (), NOW)


def test_nothing_raises_for_any_object_of_any_kind() -> None:
    for kind_objects in everything().values():
        for obj in kind_objects:
            assert isinstance(why(obj, samples.events(), NOW), str)
            assert why(objects.copy_of(obj), (), NOW) is not None
