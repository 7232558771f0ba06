"""What a node's agent may do, asked of a running server: its own node, its pods, what they refer to, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from controlplane.api import errors, registry
from controlplane.api.objects import copy_of, owner_reference
from controlplane.api.pod_references import MIRROR
from controlplane.client.client import Client
from controlplane.server import users
from controlplane.server.pki import Identity
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from tests.support.access import Attempt, asking, every_attempt, is_refusal, outcomes
from tests.support.builders import make_config_map, make_node, make_pod, make_taint
from tests.support.server import RunningApi

NODE, OTHER = "node-1", "node-2"
AGENT = Identity(f"system:node:{NODE}", (users.NODES,))
PODS, NODES, SECRETS, CONFIG_MAPS, LEASES = (
    registry.PODS, registry.NODES, registry.SECRETS, registry.CONFIG_MAPS, registry.LEASES,
)  # fmt: skip

# What an agent may do to kinds as a whole, or to objects that do not exist; the rest depends on the object.
ALLOWED = {
    "nodes": {"get", "list", "watch", "create", "update", "patch", "update status", "patch status"},
    "pods": {"create", "delete", "update status", "patch status"},
    "services": {"get", "list", "watch"},
    "endpointslices.discovery.k8s.io": {"get", "list", "watch"},
    "endpoints": {"get"},
    "events": {"create", "update", "patch"},
    "certificatesigningrequests.certificates.k8s.io": {"create", "get", "list", "watch"},
    "tokenreviews.authentication.k8s.io": {"create"},
    "selfsubjectreviews.authentication.k8s.io": {"create"},
    "subjectaccessreviews.authorization.k8s.io": {"create"},
    "localsubjectaccessreviews.authorization.k8s.io": {"create"},
    "selfsubjectaccessreviews.authorization.k8s.io": {"create"},
    "selfsubjectrulesreviews.authorization.k8s.io": {"create"},
}


@pytest.fixture
async def agent(api: RunningApi, client: Client) -> AsyncIterator[Client]:
    """The agent of `node-1`; there is `node-2` as well."""
    async with api.client(AGENT) as own:
        await own.create(make_node(name=NODE))
        await client.create(make_node(name=OTHER))
        yield own


def secret(name: str) -> core.Secret:
    return core.Secret(metadata=meta.ObjectMeta(name=name, namespace="default"), data={"key": b"value"})


def pod_with_references(name: str) -> core.Pod:
    """Refers to secret `NAME` and config map `NAME`, each in several ways to be found."""
    pod = make_pod(name=name)
    volume = pod.spec.volumes.add(name="keys")
    volume.volume_source.secret.secret_name = name
    source = pod.spec.containers[0].env_from.add()
    source.config_map_ref.local_object_reference.name = name
    return pod


async def bound(client: Client, pod: core.Pod, node: str) -> core.Pod:
    return await client.bind(await client.create(pod), node)


async def refused(asked: Awaitable[Any], told: str) -> None:
    with pytest.raises(errors.Forbidden) as why:
        await asked
    assert told in why.value.message


async def test_every_verb_on_every_kind_but_its_own_is_refused(api: RunningApi, agent: Client) -> None:
    def allowed(attempt: Attempt) -> bool:
        verb = f"{attempt.verb} {attempt.subresource}".strip()
        return verb in ALLOWED.get(attempt.kind.resource, ())

    async with asking(api.connection(AGENT)) as asker:
        answers = await outcomes(asker, list(every_attempt()))
    wrong = [
        f"{attempt}: {told!r}" for attempt, told in answers if is_refusal(told, attempt, AGENT.name) is allowed(attempt)
    ]  # fmt: skip
    assert not wrong


class TestNodes:
    async def test_only_its_own_is_written(self, agent: Client) -> None:
        told = f'node "{NODE}" is not allowed to modify node "{OTHER}"'
        other = await agent.get(NODES, OTHER)
        await refused(agent.create(make_node(name="node-3")), f'node "{NODE}" is not allowed to modify node "node-3"')
        await refused(agent.update(other), told)
        await refused(agent.update_status(other), told)
        await refused(agent.patch(NODES, OTHER, "", {"metadata": {"labels": {"a": "b"}}}), told)
        await refused(agent.patch(NODES, OTHER, "", {"status": {"phase": "x"}}, subresource="status"), told)
        await refused(agent.delete(NODES, NODE), 'cannot delete resource "nodes"')

    async def test_its_status_and_the_labels_of_agents_are_its_own(self, agent: Client) -> None:
        labels = {"topology.kubernetes.io/zone": "a", "example.com/rack": "7", "node.kubernetes.io/anything": "x"}
        await agent.patch(NODES, NODE, "", {"metadata": {"labels": labels}})
        own = await agent.get(NODES, NODE)
        own.status.node_info.kubelet_version = "v1"
        assert (await agent.update_status(own)).status.node_info.kubelet_version == "v1"

    @pytest.mark.parametrize(
        "label", ["node-restriction.kubernetes.io/secure", "a.node-restriction.kubernetes.io/b", "kubernetes.io/role",
                  "node-role.kubernetes.io/control-plane", "x.k8s.io/y"],
    )  # fmt: skip
    async def test_labels_that_steer_pods_are_not(self, agent: Client, client: Client, label: str) -> None:
        told = f"is not allowed to modify labels: {label}"
        await refused(agent.patch(NODES, NODE, "", {"metadata": {"labels": {label: "x"}}}), told)
        await client.patch(NODES, NODE, "", {"metadata": {"labels": {label: "x"}}})
        await refused(agent.patch(NODES, NODE, "", {"metadata": {"labels": {label: None}}}), told)

    async def test_it_registers_without_such_labels(self, api: RunningApi) -> None:
        async with api.client(Identity("system:node:node-9", (users.NODES,))) as newcomer:
            node = make_node(name="node-9")
            node.metadata.labels["node-role.kubernetes.io/control-plane"] = ""
            told = 'node "node-9" is not allowed to set the following labels: node-role.kubernetes.io/control-plane'
            await refused(newcomer.create(node), told)

    async def test_its_taints_are_not_its_own_once_it_is_registered(self, agent: Client) -> None:
        own = await agent.get(NODES, NODE)
        own.spec.taints.append(make_taint("example.com/full", "NoSchedule"))
        await refused(agent.update(own), f'node "{NODE}" is not allowed to modify taints')
        taints = {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}
        await refused(agent.patch(NODES, NODE, "", taints), f'node "{NODE}" is not allowed to modify taints')


class TestPods:
    async def test_only_those_of_the_node_are_read(self, agent: Client, client: Client) -> None:
        await bound(client, make_pod(name="mine"), NODE)
        await bound(client, make_pod(name="theirs"), OTHER)
        await client.create(make_pod(name="pending"))
        listed = await agent.list(PODS, fields=f"spec.nodeName={NODE}")
        assert [pod.metadata.name for pod in listed.items] == ["mine"]
        assert (await agent.get(PODS, "mine", "default")).metadata.name == "mine"
        no_link = f"no relationship found between node '{NODE}' and this object"
        for name in ("theirs", "pending", "nothing"):
            await refused(agent.get(PODS, name, "default"), no_link)
        only = "can only list/watch pods with spec.nodeName field selector"
        for selector in ("", f"spec.nodeName={OTHER}", f"spec.nodeName!={OTHER}", "status.phase=Running"):
            await refused(agent.list(PODS, fields=selector), only)
            await refused(first_batch(agent, PODS, fields=selector), only)
        assert await first_batch(agent, PODS, fields=f"spec.nodeName={NODE}") is not None

    async def test_only_those_of_the_node_are_reported_on_and_ended(self, agent: Client, client: Client) -> None:
        mine = await bound(client, make_pod(name="mine"), NODE)
        theirs = await bound(client, make_pod(name="theirs"), OTHER)
        mine.status.phase = theirs.status.phase = "Running"
        assert (await agent.update_status(mine)).status.phase == "Running"
        await refused(agent.update_status(theirs), "can only update pod status for pods with spec.nodeName set to itself")
        status = {"status": {"phase": "Failed"}}
        await refused(agent.patch(PODS, "theirs", "default", status, subresource="status"), "set to itself")
        await refused(agent.delete(PODS, "theirs", "default"), "can only delete pods with spec.nodeName set to itself")
        await refused(agent.delete_collection(PODS, "default"), 'cannot deletecollection resource "pods"')
        await agent.delete(PODS, "mine", "default")

    async def test_their_specs_are_not_the_agents(self, agent: Client, client: Client) -> None:
        mine = await bound(client, make_pod(name="mine"), NODE)
        mine.spec.containers[0].image = "other:1"
        await refused(agent.update(mine), 'cannot update resource "pods"')
        await refused(agent.bind(await client.create(make_pod(name="free")), NODE), 'cannot create resource "pods/binding"')

    async def test_only_mirrors_of_its_own_that_refer_to_nothing_are_made(self, agent: Client, client: Client) -> None:
        node = await agent.get(NODES, NODE)
        mirror = make_pod(name="static", node=NODE)
        await refused(agent.create(mirror), f'pod does not have "{MIRROR}" annotation')
        mirror.metadata.annotations[MIRROR] = "hash"
        await refused(agent.create(mirror), "can only create pods with an owner reference set to itself")
        owner = owner_reference(node, api_version="v1", kind="Node")
        owner.block_owner_deletion = False
        mirror.metadata.owner_references.append(owner)
        for change, told in MIRROR_FAULTS:
            wrong = copy_of(mirror)
            change(wrong)
            await refused(agent.create(wrong), told)
        assert (await agent.create(mirror)).spec.node_name == NODE

    async def test_a_mirror_gives_no_access_to_what_it_names(self, agent: Client, client: Client) -> None:
        """An administrator may make a pod that looks like a mirror; what it names is not for the node."""
        await client.create(secret("hidden"))
        pod = pod_with_references("hidden")
        pod.metadata.annotations[MIRROR] = "hash"
        await bound(client, pod, NODE)
        await refused(agent.get(SECRETS, "hidden", "default"), "no relationship found")


def _elsewhere(pod: core.Pod) -> None:
    pod.spec.node_name = OTHER


def _with_account(pod: core.Pod) -> None:
    pod.spec.service_account_name = "default"


def _with_secret(pod: core.Pod) -> None:
    pod.spec.volumes.add(name="v").volume_source.secret.secret_name = "s"


def _with_config_map(pod: core.Pod) -> None:
    pod.spec.containers[0].env_from.add().config_map_ref.local_object_reference.name = "c"


def _of_another_owner(pod: core.Pod) -> None:
    pod.metadata.owner_references[0].name = OTHER


def _of_an_earlier_node(pod: core.Pod) -> None:
    pod.metadata.owner_references[0].uid = "earlier"


MIRROR_FAULTS: list[tuple[Callable[[core.Pod], None], str]] = [
    (_elsewhere, "can only create pods with spec.nodeName set to itself"),
    (_of_another_owner, "can only create pods with an owner reference set to itself"),
    (_of_an_earlier_node, "UID mismatch"),
    (_with_account, "can not create pods that reference a service account"),
    (_with_secret, "can not create pods that reference secrets"),
    (_with_config_map, "can not create pods that reference configmaps"),
]


class TestWhatPodsReferTo:
    @pytest.fixture(autouse=True)
    async def _objects(self, client: Client) -> None:
        for name in ("mine", "theirs", "unused"):
            await client.create(secret(name))
            await client.create(make_config_map(name))
        await bound(client, pod_with_references("mine"), NODE)
        await bound(client, pod_with_references("theirs"), OTHER)
        await client.create(pod_with_references("unused"))  # and not bound yet

    @pytest.mark.parametrize("kind", [SECRETS, CONFIG_MAPS])
    async def test_single_objects_are_read_and_no_others(self, agent: Client, kind: registry.Kind[Any]) -> None:
        assert (await agent.get(kind, "mine", "default")).metadata.name == "mine"
        listed = await agent.list(kind, "default", fields="metadata.name=mine")
        assert [found.metadata.name for found in listed.items] == ["mine"]
        for name in ("theirs", "unused"):
            await refused(agent.get(kind, name, "default"), "no relationship found")
            await refused(agent.list(kind, "default", fields=f"metadata.name={name}"), "no relationship found")
        await refused(agent.list(kind, "default"), "No Object name found")
        await refused(agent.list(kind), "can only read namespaced object of this type")
        await refused(first_batch(agent, kind, namespace="default"), "No Object name found")

    async def test_they_are_not_written(self, agent: Client) -> None:
        own = await agent.get(SECRETS, "mine", "default")
        await refused(agent.update(own), "can only read resources of this type")
        await refused(agent.delete(SECRETS, "mine", "default"), "can only read resources of this type")

    async def test_access_ends_with_the_pod(self, agent: Client, client: Client) -> None:
        await agent.get(SECRETS, "mine", "default")
        await agent.delete(PODS, "mine", "default")
        await client.delete(PODS, "mine", "default", options=meta.DeleteOptions(grace_period_seconds=0))
        await client.list(PODS)
        await refused(agent.get(SECRETS, "mine", "default"), "no relationship found")


class TestTokens:
    @pytest.fixture(autouse=True)
    async def _accounts(self, client: Client) -> None:
        for name in ("runner", "other"):
            await client.create(core.ServiceAccount(metadata=meta.ObjectMeta(name=name, namespace="default")))

    async def test_they_are_made_for_its_own_pods_only(self, agent: Client, client: Client) -> None:
        mine = await bound(client, pod_of("runner", "mine"), NODE)
        theirs = await bound(client, pod_of("other", "theirs"), OTHER)
        same_account = await bound(client, pod_of("runner", "twin"), OTHER)
        made = await agent.create_part(registry.SERVICE_ACCOUNTS, "token", token_for("runner", mine))
        assert made.status.token
        ask = agent.create_part
        accounts = registry.SERVICE_ACCOUNTS
        await refused(ask(accounts, "token", token_for("other", theirs)), "no relationship found")
        await refused(ask(accounts, "token", token_for("runner", same_account)), "a pod scheduled on a different node")
        await refused(ask(accounts, "token", token_for("runner", None)), "node requested token not bound to a pod")
        nameless = token_for("runner", mine)
        nameless.spec.bound_object_ref.uid = ""
        await refused(ask(accounts, "token", nameless), "node requested token with a pod binding without a uid")


def pod_of(account: str, name: str) -> core.Pod:
    pod = make_pod(name=name)
    pod.spec.service_account_name = account
    return pod


def token_for(account: str, pod: core.Pod | None) -> authentication.TokenRequest:
    request = authentication.TokenRequest(metadata=meta.ObjectMeta(name=account, namespace="default"))
    if pod is not None:
        request.spec.bound_object_ref.CopyFrom(
            authentication.BoundObjectReference(
                kind="Pod", api_version="v1", name=pod.metadata.name, uid=pod.metadata.uid
            )
        )  # fmt: skip
    return request


async def test_only_its_own_lease_is_renewed_but_those_of_all_nodes_are_seen(agent: Client, client: Client) -> None:
    def lease(name: str, namespace: str = "kube-node-lease") -> coordination.Lease:
        return coordination.Lease(metadata=meta.ObjectMeta(name=name, namespace=namespace))

    await agent.create(lease(NODE))
    await client.create(lease(OTHER))
    await agent.patch(LEASES, NODE, "kube-node-lease", {"spec": {"holderIdentity": NODE}})
    assert {found.metadata.name for found in (await agent.list(LEASES, "kube-node-lease")).items} == {NODE, OTHER}
    other = "can only access node lease with the same name as the requesting node"
    await refused(agent.patch(LEASES, OTHER, "kube-node-lease", {"spec": {"holderIdentity": NODE}}), other)
    await refused(agent.delete(LEASES, OTHER, "kube-node-lease"), other)
    await refused(agent.create(lease("node-3")), other)
    await refused(agent.create(lease(NODE, "default")), 'can only access leases in the "kube-node-lease" system namespace')
    await refused(agent.list(LEASES), "can only access leases in")


async def test_a_user_with_the_name_of_a_node_but_without_its_group_is_nobody(api: RunningApi, agent: Client) -> None:
    async with api.client(Identity(f"system:node:{NODE}")) as impostor, api.client(Identity("eve", (users.NODES,))) as eve:
        for somebody in (impostor, eve):
            await refused(somebody.get(NODES, NODE), 'cannot get resource "nodes"')


async def first_batch(client: Client, kind: registry.Kind[Any], *, namespace: str = "", fields: str = "") -> object:
    async for batch in client.watch(kind, namespace, fields=fields, initial_events=True):
        if batch:
            return batch
    return None
