"""Deployments and ReplicaSets under any order of events, with views that lag: exact, within their promises, and always done
in the end."""

from __future__ import annotations

from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from controlplane.api import objects, registry, rollouts
from controlplane.api.objects import copy_of, key_of
from controlplane.controllers import pods
from controlplane.controllers.deployment import plan_deployment
from controlplane.controllers.plan import Plan
from controlplane.controllers.replicaset import plan_replica_set
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from tests.support.builders import make_deployment, set_ready
from tests.support.simulation import Simulation

KINDS = (registry.DEPLOYMENTS, registry.REPLICA_SETS, registry.PODS)
SEARCH = settings(max_examples=40, stateful_step_count=50, deadline=None, phases=[Phase.reuse, Phase.generate, Phase.shrink])
LIMITS = st.sampled_from([0, 1, 2, "25%", "50%", "100%"])


class Workloads(RuleBasedStateMachine):
    """Both controllers, a kubelet that starts and ends pods, and people; each moves whenever the search says so."""

    sim: Simulation

    def start(self, deployment: apps.Deployment) -> None:
        self.sim = Simulation(deployment)

    @property
    def deployment(self) -> apps.Deployment:
        return self.sim.store.all(registry.DEPLOYMENTS)[0]

    @rule()
    def the_deployment_controller_acts(self) -> None:
        for deployment in self.sim.view.all(registry.DEPLOYMENTS):
            self._act(deployment, plan_deployment)

    @rule(which=st.integers(0, 5))
    def the_replica_set_controller_acts(self, which: int) -> None:
        sets = self.sim.view.all(registry.REPLICA_SETS)
        if sets:
            self._act(sets[which % len(sets)], plan_replica_set)

    def _act(self, owner: Any, plan: Any) -> bool:
        if not self.sim.may_plan(owner):
            return False
        made: Plan = plan(owner, self.sim.view, self.sim.now)
        waits = made.requeue_after is not None and made.requeue_after < 60
        return self.sim.carry_out(owner, made) or waits

    @rule(kind=st.sampled_from(KINDS), events=st.integers(1, 4))
    def a_view_catches_up(self, kind: Any, events: int) -> None:
        self.sim.view.catch_up(kind, events)

    @rule(which=st.integers(0, 20))
    def the_kubelet_works_on_a_pod(self, which: int) -> None:
        everyone = self.sim.pods()
        if everyone:
            self._work_on(everyone[which % len(everyone)])

    def _work_on(self, pod: core.Pod) -> bool:
        fresh = copy_of(pod)
        if objects.is_terminating(pod):
            self.sim.store.remove(pod)
            return True
        if not pod.spec.node_name:
            fresh.spec.node_name = "node-1"
        elif pod.status.phase == "Pending":
            fresh.status.phase = "Running"
        elif not pods.is_ready(pod):
            set_ready(fresh, since=self.sim.now)
        else:
            return False
        self.sim.store.put(fresh)
        return True

    @rule(seconds=st.integers(1, 30))
    def time_passes(self, seconds: int) -> None:
        self.sim.store.now += seconds

    def change(self, edit: Any) -> None:
        fresh = copy_of(self.deployment)
        edit(fresh)
        fresh.metadata.generation += 1
        self.sim.store.put(fresh)

    def available(self) -> int:
        wait = self.deployment.spec.min_ready_seconds
        return sum(pods.is_active(p) and pods.seconds_to_available(p, wait, self.sim.now) == 0 for p in self.sim.pods())

    def settle(self) -> None:
        """Everybody acts in turn until nobody has anything to do."""
        for _ in range(300):
            self.sim.view.catch_up()
            busy = [self._act(deployment, plan_deployment) for deployment in self.sim.view.all(registry.DEPLOYMENTS)]
            busy += [self._act(rs, plan_replica_set) for rs in self.sim.view.all(registry.REPLICA_SETS)]
            busy += [self._work_on(pod) for pod in self.sim.pods()]
            self.sim.store.now += 1
            if not any(busy) and not self.sim.view.catch_up():
                return
        raise AssertionError(f"never at rest:\n{self.deployment}")

    def teardown(self) -> None:
        if not hasattr(self, "sim"):
            return
        self.change(lambda deployment: setattr(deployment.spec, "paused", False))
        self.settle()
        active = [pod for pod in self.sim.pods() if pods.is_active(pod)]
        images = {pod.spec.containers[0].image for pod in active}
        wanted = rollouts.desired_replicas(self.deployment)
        assert len(active) == wanted
        assert images <= {self.deployment.spec.template.spec.containers[0].image}
        assert rollouts.status_message(self.deployment) == ('deployment "web" successfully rolled out', True)
        assert len({rollouts.revision(rs) for rs in self.sim.store.all(registry.REPLICA_SETS)}) == len(
            self.sim.store.all(registry.REPLICA_SETS)
        )


class RollingUpdates(Workloads):
    """The size stays, the image changes at any moment, also back to an earlier one."""

    @initialize(replicas=st.integers(1, 6), surge=LIMITS, unavailable=LIMITS, min_ready=st.sampled_from([0, 5]))
    def a_finished_rollout(self, replicas: int, surge: int | str, unavailable: int | str, min_ready: int) -> None:
        if surge == unavailable == 0:
            surge = 1
        self.start(make_deployment(
            replicas=replicas, max_surge=surge, max_unavailable=unavailable, min_ready_seconds=min_ready))  # fmt: skip
        self.settle()
        self.most, self.least = _promises(self.deployment)

    @rule(image=st.integers(1, 4))
    def the_image_changes(self, image: int) -> None:
        def edit(deployment: apps.Deployment) -> None:
            deployment.spec.template.spec.containers[0].image = f"nginx:{image}"

        self.change(edit)

    @invariant()
    def never_too_many_and_never_too_few(self) -> None:
        if not hasattr(self, "most"):
            return
        active = sum(map(pods.is_active, self.sim.pods()))
        assert active <= self.most, f"{active} pods, {self.most} allowed"
        assert self.available() >= self.least, f"{self.available()} available, {self.least} promised"


class Everything(Workloads):
    """Size, image, pause and strategy change at any moment; people delete pods."""

    @initialize(replicas=st.integers(0, 5), strategy=st.sampled_from(["RollingUpdate", "Recreate"]))
    def a_new_deployment(self, replicas: int, strategy: str) -> None:
        self.start(make_deployment(replicas=replicas, strategy=strategy))

    @rule(replicas=st.integers(0, 7))
    def people_scale(self, replicas: int) -> None:
        self.change(lambda deployment: setattr(deployment.spec, "replicas", replicas))

    @rule(image=st.integers(1, 3), paused=st.booleans())
    def people_edit(self, image: int, paused: bool) -> None:
        def edit(deployment: apps.Deployment) -> None:
            deployment.spec.template.spec.containers[0].image = f"nginx:{image}"
            deployment.spec.paused = paused

        self.change(edit)

    @rule(strategy=st.sampled_from(["RollingUpdate", "Recreate"]))
    def people_change_the_strategy(self, strategy: str) -> None:
        self.change(lambda deployment: setattr(deployment.spec.strategy, "type", strategy))

    @precondition(lambda self: self.sim.pods())
    @rule(which=st.integers(0, 20))
    def people_delete_a_pod(self, which: int) -> None:
        everyone = self.sim.pods()
        self.sim.store.delete(everyone[which % len(everyone)])

    @invariant()
    def no_replica_set_ever_had_more_pods_than_it_was_asked_for(self) -> None:
        if not hasattr(self, "sim"):
            return
        for rs in self.sim.store.all(registry.REPLICA_SETS):
            versions = [obj for _, key, obj in self.sim.store.log[registry.REPLICA_SETS.resource] if key == key_of(rs)]
            owned = [pod for pod in self.sim.pods() if _is_owned(pod, rs) and pods.is_active(pod)]
            assert len(owned) <= max(map(rollouts.desired_replicas, versions))


def _is_owned(pod: core.Pod, rs: apps.ReplicaSet) -> bool:
    owner = objects.controller_of(pod)
    return owner is not None and owner.uid == rs.metadata.uid


def _promises(deployment: apps.Deployment) -> tuple[int, int]:
    """The most pods and the fewest available ones, worked out apart from the code under test."""
    replicas, rolling = deployment.spec.replicas, deployment.spec.strategy.rolling_update
    surge = unavailable = 0.0
    for limit, is_surge in ((rolling.max_surge, True), (rolling.max_unavailable, False)):
        amount = limit.int_val if limit.type == 0 else replicas * int(limit.str_val[:-1]) / 100
        if is_surge:
            surge = amount
        else:
            unavailable = amount
    most_extra = int(surge) + (surge > int(surge))
    fewest_missing = int(unavailable) if int(unavailable) or most_extra else 1
    return replicas + most_extra, max(0, replicas - fewest_missing)


TestRollingUpdates = RollingUpdates.TestCase
TestRollingUpdates.settings = SEARCH
TestEverything = Everything.TestCase
TestEverything.settings = SEARCH
