"""EndpointSlices over any history of pods: exact, small, stable."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.api import objects, registry
from controlplane.api.objects import copy_of
from controlplane.controllers import endpointslice
from controlplane.controllers.endpointslice import plan_endpoint_slices
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container, make_pod, make_port, make_service, make_service_port, set_ready
from tests.support.simulation import Simulation

MOST = 4  # instead of 100, so that small histories fill slices

steps = st.lists(
    st.tuples(st.sampled_from(["add", "add", "remove", "end", "flip"]), st.integers(0, 30), st.sampled_from([8080, 9090])),
    max_size=40,
)


def _change(sim: Simulation, what: str, number: int, port: int) -> None:
    pod = sim.store.get(registry.PODS, f"web-{number}", "default")
    if pod is None:
        if what == "add":
            container = make_container(ports=[make_port(port, name="http")])
            sim.store.put(make_pod(
                f"web-{number}", uid=f"uid-{number}-{sim.store.revision}", labels={"app": "web"},
                ip=f"10.244.0.{number}", containers=[container], node="n1", ready=True))  # fmt: skip
    elif what == "remove":
        sim.store.remove(pod)
    elif what == "end":
        sim.store.delete(pod)
    elif what == "flip":
        fresh = copy_of(pod)
        set_ready(fresh, not objects.condition_is(pod.status.conditions, "Ready"))
        sim.store.put(fresh)


def _expected(pods: list[core.Pod]) -> set[tuple[str, int, bool, bool]]:
    return {
        (pod.metadata.uid, pod.spec.containers[0].ports[0].container_port,
         objects.condition_is(pod.status.conditions, "Ready") and not objects.is_terminating(pod),
         objects.is_terminating(pod))
        for pod in pods
    }  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(steps, st.data())
def test_slices_hold_exactly_the_backends_and_rest(history: list[tuple[str, int, int]], data: st.DataObject) -> None:
    service = make_service("web", ports=[make_service_port(80, target="http")])
    sim = Simulation(service)
    before, endpointslice.MOST_ENDPOINTS = endpointslice.MOST_ENDPOINTS, MOST
    try:
        for what, number, port in history:
            _change(sim, what, number, port)
            sim.view.catch_up(registry.PODS, data.draw(st.integers(0, 3)))
            sim.view.catch_up(registry.ENDPOINT_SLICES, data.draw(st.integers(0, 2)))
            if sim.may_plan(service):
                sim.carry_out(service, plan_endpoint_slices(service, sim.view, sim.now))
        sim.view.catch_up()
        sim.carry_out(service, plan_endpoint_slices(service, sim.view, sim.now))
        sim.view.catch_up()
        assert not plan_endpoint_slices(service, sim.view, sim.now).writes, "planned again, a plan is empty"
    finally:
        endpointslice.MOST_ENDPOINTS = before
    slices = sim.store.all(registry.ENDPOINT_SLICES)
    listed = [
        (endpoint.target_ref.uid, found.ports[0].port, endpoint.conditions.ready, endpoint.conditions.terminating)
        for found in slices
        for endpoint in found.endpoints
    ]
    assert len(listed) == len(set(listed))
    assert set(listed) == _expected(sim.pods())
    assert all(len(found.endpoints) <= MOST for found in slices)
    assert all(found.endpoints for found in slices) or len(slices) == 1
