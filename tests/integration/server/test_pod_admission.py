"""What a pod gets on its way in: limits, an account, a priority."""

from __future__ import annotations

import re

import pytest

from controlplane.api import errors, registry
from controlplane.client.client import Client
from protos.v1 import core_pb2 as core
from protos.v1 import networking_pb2 as networking
from protos.v1 import scheduling_pb2 as scheduling
from protos.v1 import storage_pb2 as storage
from tests.support.builders import fill, make_container, make_meta, make_namespace, make_node, make_pod
from tests.support.etcd import RealEtcd
from tests.support.server import running_api

TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"


def make_account(name: str, *, automount: bool | None = None, pull_secrets: tuple[str, ...] = ()) -> core.ServiceAccount:
    account = core.ServiceAccount(metadata=make_meta(name))
    if automount is not None:
        account.automount_service_account_token = automount
    for secret in pull_secrets:
        account.image_pull_secrets.add(name=secret)
    return account


def make_class(name: str, value: int, *, default: bool = False, policy: str = "") -> scheduling.PriorityClass:
    made = scheduling.PriorityClass(metadata=make_meta(name, ""), value=value, global_default=default)
    if policy:
        made.preemption_policy = policy
    return made


def make_range(**item: dict[str, str]) -> core.LimitRange:
    limits = core.LimitRange(metadata=make_meta("range"))
    made = limits.spec.limits.add(type="Container")
    for field, amounts in item.items():
        fill(getattr(made, field), amounts)
    return limits


def mounts_of(pod: core.Pod) -> list[tuple[str, str]]:
    return [(c.name, m.mount_path) for c in (*pod.spec.init_containers, *pod.spec.containers) for m in c.volume_mounts]


class TestLimitRanges:
    async def test_containers_get_what_they_do_not_name(self, client: Client) -> None:
        await client.create(make_range(default={"cpu": "500m"}, default_request={"cpu": "100m"}))
        pod = await client.create(make_pod("a"))
        resources = pod.spec.containers[0].resources
        assert (resources.limits["cpu"].string, resources.requests["cpu"].string) == ("500m", "100m")
        assert pod.metadata.annotations["kubernetes.io/limit-ranger"] == (
            "LimitRanger plugin set: cpu request for container web; cpu limit for container web"
        )

    async def test_bounds_are_kept(self, client: Client) -> None:
        await client.create(make_range(max={"cpu": "1"}, min={"cpu": "100m"}))
        big = make_pod("big", containers=[make_container(requests={"cpu": "50m"}, limits={"cpu": "2"})])
        with pytest.raises(errors.Forbidden) as refused:
            await client.create(big)
        assert str(refused.value) == (
            'pods "big" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, '
            "maximum cpu usage per Container is 1, but limit is 2]"
        )


class TestServiceAccounts:
    async def test_a_pod_may_follow_its_namespace_at_once(self, client: Client) -> None:
        for number in range(5):
            await client.create(make_namespace(f"new-{number}"))
            pod = await client.create(make_pod("a", f"new-{number}"))
            assert (pod.spec.service_account_name, pod.spec.service_account) == ("default", "default")

    async def test_an_account_that_is_not_there_is_refused(self, client: Client) -> None:
        pod = make_pod("a")
        pod.spec.service_account_name = "robot"
        text = (
            'pods "a" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found'
        )  # fmt: skip
        with pytest.raises(errors.Forbidden, match=re.escape(text)):
            await client.create(pod)
        await client.create(make_account("robot", pull_secrets=("registry",)))
        made = await client.create(pod)
        assert made.spec.service_account_name == "robot"
        assert [secret.name for secret in made.spec.image_pull_secrets] == ["registry"]

    async def test_own_pull_secrets_are_kept(self, client: Client) -> None:
        await client.create(make_account("robot", pull_secrets=("registry",)))
        pod = make_pod("a")
        pod.spec.service_account_name = "robot"
        pod.spec.image_pull_secrets.add(name="mine")
        assert [secret.name for secret in (await client.create(pod)).spec.image_pull_secrets] == ["mine"]

    async def test_no_token_is_mounted_where_the_server_is_told_not_to(self, etcd: RealEtcd) -> None:
        async with running_api(etcd, automount_tokens=False) as api, api.client() as client:
            pod = await client.create(make_pod("a"))
        assert not pod.spec.volumes
        assert not mounts_of(pod)

    async def test_pods_of_one_template_are_the_same(self, client: Client) -> None:
        """What is worked out for one spec may be remembered for the others."""
        one, two = [await client.create(make_pod(name)) for name in ("a", "b")]
        assert one.spec == two.spec
        other = await client.create(make_pod("c", containers=[make_container("other")]))
        assert other.spec.volumes[0].name != one.spec.volumes[0].name

    async def test_a_copy_of_a_pod_has_one_token(self, client: Client) -> None:
        pod = await client.create(make_pod("a"))
        copy = make_pod("b")
        copy.spec.CopyFrom(pod.spec)
        copy.spec.containers.append(make_container("more"))
        made = await client.create(copy)
        assert [volume.name for volume in made.spec.volumes] == [pod.spec.volumes[0].name]
        assert mounts_of(made) == [("web", TOKENS), ("more", TOKENS)]

    async def test_a_token_is_mounted_into_every_container(self, client: Client) -> None:
        wanted = make_pod("a", containers=[make_container("one"), make_container("two")])
        wanted.spec.init_containers.append(make_container("first"))
        pod = await client.create(wanted)
        assert mounts_of(pod) == [("first", TOKENS), ("one", TOKENS), ("two", TOKENS)]
        (volume,) = pod.spec.volumes
        assert re.fullmatch("kube-api-access-[a-z0-9]{5}", volume.name)
        token, authority, where = volume.volume_source.projected.sources
        assert (token.service_account_token.path, token.service_account_token.expiration_seconds) == ("token", 3607)
        assert authority.config_map.local_object_reference.name == "kube-root-ca.crt"
        assert where.downward_api.items[0].field_ref.field_path == "metadata.namespace"
        assert all(mount.read_only for mount in pod.spec.containers[0].volume_mounts)

    async def test_the_pods_word_goes_before_its_accounts(self, client: Client) -> None:
        await client.create(make_account("closed", automount=False))
        for name, wanted, mounted in (("a", None, False), ("b", True, True), ("c", False, False)):
            pod = make_pod(name)
            pod.spec.service_account_name = "closed"
            if wanted is not None:
                pod.spec.automount_service_account_token = wanted
            assert bool(mounts_of(await client.create(pod))) is mounted

    async def test_a_container_that_has_something_there_keeps_it(self, client: Client) -> None:
        wanted = make_pod("a")
        wanted.spec.volumes.add(name="own").volume_source.empty_dir.SetInParent()
        wanted.spec.containers[0].volume_mounts.add(name="own", mount_path=TOKENS)
        pod = await client.create(wanted)
        assert [volume.name for volume in pod.spec.volumes] == ["own"]


class TestPriorities:
    async def test_a_class_gives_its_priority(self, client: Client) -> None:
        await client.create(make_class("high", 1000, policy="Never"))
        pod = make_pod("a")
        pod.spec.priority_class_name = "high"
        made = await client.create(pod)
        assert (made.spec.priority, made.spec.preemption_policy) == (1000, "Never")

    async def test_without_any_class_it_is_zero(self, client: Client) -> None:
        made = await client.create(make_pod("a"))
        assert (made.spec.priority_class_name, made.spec.priority) == ("", 0)
        assert made.spec.preemption_policy == "PreemptLowerPriority"

    async def test_the_default_class_is_for_pods_that_name_none(self, client: Client) -> None:
        await client.create(make_class("usual", 7, default=True))
        made = await client.create(make_pod("a"))
        assert (made.spec.priority_class_name, made.spec.priority) == ("usual", 7)

    async def test_the_systems_classes_are_there_and_stay(self, client: Client) -> None:
        pod = make_pod("a", "kube-system")
        pod.spec.priority_class_name = "system-node-critical"
        assert (await client.create(pod)).spec.priority == 2_000_001_000
        with pytest.raises(errors.Forbidden, match="this is a system priority class and cannot be deleted"):
            await client.delete(registry.PRIORITY_CLASSES, "system-node-critical")

    async def test_an_unknown_class_is_refused(self, client: Client) -> None:
        pod = make_pod("a")
        pod.spec.priority_class_name = "nobody"
        with pytest.raises(errors.Forbidden, match='pods "a" is forbidden: no PriorityClass with name nobody was found'):
            await client.create(pod)

    async def test_a_priority_of_ones_own_is_refused(self, client: Client) -> None:
        pod = make_pod("a")
        pod.spec.priority = 5
        with pytest.raises(errors.Forbidden, match=r"the integer value of priority \(5\) must not be provided in pod spec"):
            await client.create(pod)

    async def test_there_is_one_default(self, client: Client) -> None:
        await client.create(make_class("one", 1, default=True))
        with pytest.raises(errors.Forbidden, match="PriorityClass one is already marked as default"):
            await client.create(make_class("two", 2, default=True))

    async def test_an_update_without_priority_means_the_one_there_is(self, client: Client) -> None:
        pod = await client.create(make_pod("a"))
        pod.spec.ClearField("priority")
        pod.spec.ClearField("preemption_policy")
        pod.metadata.labels["new"] = "yes"
        updated = await client.update(pod)
        assert updated.spec.HasField("priority")
        assert updated.metadata.labels["new"] == "yes"


class TestClasses:
    async def test_a_claim_gets_the_newest_default_class(self, client: Client) -> None:
        made = storage.StorageClass(metadata=make_meta("fast", ""), provisioner="example.com/disk")
        made.metadata.annotations["storageclass.kubernetes.io/is-default-class"] = "true"
        await client.create(made)
        assert (await client.create(make_claim("open"))).spec.storage_class_name == "fast"
        none = make_claim("none")
        none.spec.storage_class_name = ""
        assert (await client.create(none)).spec.storage_class_name == ""

    async def test_an_ingress_gets_the_default_class(self, client: Client) -> None:
        made = networking.IngressClass(metadata=make_meta("edge", ""))
        made.spec.controller = "example.com/edge"
        made.metadata.annotations["ingressclass.kubernetes.io/is-default-class"] = "true"
        await client.create(made)
        ingress = networking.Ingress(metadata=make_meta("web"))
        ingress.spec.default_backend.service.name = "web"
        ingress.spec.default_backend.service.port.number = 80
        assert (await client.create(ingress)).spec.ingress_class_name == "edge"

    async def test_only_bound_claims_of_a_class_that_allows_it_grow(self, client: Client) -> None:
        for name, grows in (("rigid", False), ("elastic", True)):
            made = storage.StorageClass(metadata=make_meta(name, ""), provisioner="example.com/disk")
            made.allow_volume_expansion = grows
            await client.create(made)
        claims = {}
        for name in ("rigid", "elastic"):
            wanted = make_claim(name)
            wanted.spec.storage_class_name, wanted.spec.volume_name = name, f"disk-{name}"
            claims[name] = await client.create(wanted)
        with pytest.raises(errors.Invalid, match=r"spec is immutable after creation except resources.requests .* for bound"):
            await client.update(grown(claims["elastic"]))
        for name, claim in claims.items():
            claim.status.phase = "Bound"
            claims[name] = await client.update_status(claim)
        with pytest.raises(errors.Forbidden, match="only dynamically provisioned pvc can be resized"):
            await client.update(grown(claims["rigid"]))
        assert (await client.update(grown(claims["elastic"]))).spec.resources.requests["storage"].string == "2Gi"


def make_claim(name: str) -> core.PersistentVolumeClaim:
    claim = core.PersistentVolumeClaim(metadata=make_meta(name))
    claim.spec.access_modes.append("ReadWriteOnce")
    fill(claim.spec.resources.requests, {"storage": "1Gi"})
    return claim


def grown(claim: core.PersistentVolumeClaim) -> core.PersistentVolumeClaim:
    fresh = core.PersistentVolumeClaim()
    fresh.CopyFrom(claim)
    fill(fresh.spec.resources.requests, {"storage": "2Gi"})
    return fresh


async def test_a_new_node_is_tainted_until_it_is_ready(client: Client) -> None:
    fresh = await client.create(make_node("node-1", ready=""))
    assert [(taint.key, taint.effect) for taint in fresh.spec.taints] == [("node.kubernetes.io/not-ready", "NoSchedule")]
    assert not (await client.create(make_node("node-2"))).spec.taints


class TestPodsOfOneTemplate:
    """What admission made of one pod serves for its like, until anything that it looked at changes."""

    async def test_the_second_gets_what_the_first_got(self, client: Client) -> None:
        await client.create(make_range(default={"cpu": "500m"}, default_request={"cpu": "100m"}))
        await client.create(make_class("usual", 7, default=True))
        first, second = await client.create(make_pod("a")), await client.create(make_pod("b"))
        assert first.spec == second.spec
        assert first.metadata.annotations == second.metadata.annotations
        assert second.spec.priority == 7
        assert first.metadata.uid != second.metadata.uid

    async def test_a_new_limit_range_holds_for_the_next(self, client: Client) -> None:
        await client.create(make_pod("a"))
        await client.create(make_range(default={"cpu": "500m"}, default_request={"cpu": "100m"}))
        assert "cpu" in (await client.create(make_pod("b"))).spec.containers[0].resources.limits

    async def test_a_new_default_class_holds_for_the_next(self, client: Client) -> None:
        await client.create(make_pod("a"))
        await client.create(make_class("usual", 7, default=True))
        assert (await client.create(make_pod("b"))).spec.priority == 7

    async def test_an_account_that_changes_holds_for_the_next(self, client: Client) -> None:
        await client.create(make_account("builder"))
        pod = make_pod("a")
        pod.spec.service_account_name = "builder"
        assert not (await client.create(pod)).spec.image_pull_secrets
        account = await client.get(registry.SERVICE_ACCOUNTS, "builder", "default")
        account.image_pull_secrets.add(name="registry")
        await client.update(account)
        pod.metadata.name = "b"
        assert (await client.create(pod)).spec.image_pull_secrets[0].name == "registry"

    async def test_a_namespace_that_gets_stricter_refuses_the_next(self, client: Client) -> None:
        await client.create(make_pod("a"))
        enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
        await client.patch(registry.NAMESPACES, "default", "", enforce)
        with pytest.raises(errors.Forbidden, match="violates PodSecurity"):
            await client.create(make_pod("b"))

    async def test_one_namespaces_pods_are_not_anothers(self, client: Client) -> None:
        await client.create(make_namespace("team"))
        limits = make_range(default={"cpu": "500m"}, default_request={"cpu": "100m"})
        await client.create(limits)
        await client.create(make_pod("a"))
        elsewhere = make_pod("a", namespace="team")
        assert "cpu" not in (await client.create(elsewhere)).spec.containers[0].resources.limits
