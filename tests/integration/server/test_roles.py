"""Roles and bindings on a running server: what they grant, who may write them, and the ones that every cluster has."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controlplane.api import errors, rbac, registry
from controlplane.api.objects import copy_of
from controlplane.client.client import Client
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.server import users
from controlplane.server.access.default_roles import AUTOUPDATE, default_objects
from controlplane.server.pki import Identity
from protos.v1 import authorization_pb2 as authorization
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import rbac_pb2
from tests.support.access import grant, rule, settled
from tests.support.builders import make_config_map, make_namespace
from tests.support.etcd import RealEtcd
from tests.support.server import RunningApi, running, running_api
from tests.support.waiting import eventually

PODS, CONFIG_MAPS, CLUSTER_ROLES = registry.PODS, registry.CONFIG_MAPS, registry.CLUSTER_ROLES
WRITES = "create update patch get list delete"  # and neither bind nor escalate, as * would


@pytest.fixture
async def jane(api: RunningApi) -> AsyncIterator[Client]:
    async with api.client(Identity("jane", ("developers",))) as client:
        yield client


def role(name: str, *rules: rbac_pb2.PolicyRule, namespace: str = "default") -> rbac_pb2.Role:
    return rbac_pb2.Role(metadata=meta.ObjectMeta(name=name, namespace=namespace), rules=rules)


def cluster_role(name: str, *rules: rbac_pb2.PolicyRule, **labels: str) -> rbac_pb2.ClusterRole:
    named = {f"rbac.authorization.k8s.io/{key.replace('_', '-')}": value for key, value in labels.items()}
    return rbac_pb2.ClusterRole(metadata=meta.ObjectMeta(name=name, labels=named), rules=rules)


def binding(name: str, to: rbac_pb2.Subject, *, role: str = "", cluster_role: str = "") -> rbac_pb2.RoleBinding:
    ref = rbac_pb2.RoleRef(api_group=rbac.GROUP, kind="Role" if role else "ClusterRole", name=role or cluster_role)
    return rbac_pb2.RoleBinding(metadata=meta.ObjectMeta(name=name, namespace="default"), subjects=[to], role_ref=ref)


def user(name: str) -> rbac_pb2.Subject:
    return rbac_pb2.Subject(kind="User", api_group=rbac.GROUP, name=name)


def group(name: str) -> rbac_pb2.Subject:
    return rbac_pb2.Subject(kind="Group", api_group=rbac.GROUP, name=name)


async def can(client: Client, verb: str, resource: str, *, namespace: str = "default", group: str = "") -> bool:
    return (await answer(client, verb, resource, namespace=namespace, group=group)).allowed


async def answer(
    client: Client, verb: str, resource: str, *, namespace: str = "default", group: str = ""
) -> authorization.SubjectAccessReviewStatus:
    review = authorization.SelfSubjectAccessReview()
    plural, _, subresource = resource.partition("/")
    review.spec.resource_attributes.CopyFrom(
        authorization.ResourceAttributes(
            verb=verb, resource=plural, subresource=subresource, namespace=namespace, group=group
        )
    )
    return (await client.create(review)).status


class TestBindings:
    async def test_a_cluster_role_bound_in_a_namespace_holds_there_only(self, client: Client, jane: Client) -> None:
        await client.create(make_namespace("other"))
        await client.create(cluster_role("reader", rule("list", "pods namespaces", "core")))
        await client.create(binding("readers", user("jane"), cluster_role="reader"))
        await settled(client)
        await jane.list(PODS, "default")
        for namespace in ("other", ""):
            with pytest.raises(errors.Forbidden):
                await jane.list(PODS, namespace)

    async def test_groups_and_service_accounts_are_bound_as_users_are(self, client: Client, api: RunningApi) -> None:
        await client.create(role("reader", rule("list", "pods", "core")))
        account = rbac_pb2.Subject(kind="ServiceAccount", name="robot", namespace="default")
        await client.create(binding("group", group("developers"), role="reader"))
        await client.create(binding("account", account, role="reader"))
        await settled(client)
        robot = Identity("system:serviceaccount:default:robot")
        namesake = Identity("system:serviceaccount:kube-system:robot")
        async with (
            api.client(Identity("joe", ("developers",))) as joe,
            api.client(robot) as own,
            api.client(namesake) as other,
        ):
            await joe.list(PODS, "default")
            await own.list(PODS, "default")
            with pytest.raises(errors.Forbidden):
                await other.list(PODS, "default")

    async def test_rights_end_with_the_binding_and_with_the_role(self, client: Client, jane: Client) -> None:
        await client.create(role("reader", rule("list", "pods", "core")))
        await client.create(binding("readers", user("jane"), role="reader"))
        await settled(client)
        assert await can(jane, "list", "pods")
        await client.delete(registry.ROLES, "reader", "default")
        await settled(client)
        refused = await answer(jane, "list", "pods")
        assert (refused.allowed, refused.reason) == (False, 'RBAC: role.rbac.authorization.k8s.io "reader" not found')
        await client.create(role("reader", rule("list", "pods", "core")))
        await client.delete(registry.ROLE_BINDINGS, "readers", "default")
        await settled(client)
        assert not await can(jane, "list", "pods")

    async def test_a_changed_role_and_a_changed_binding_count_at_once(self, client: Client, jane: Client) -> None:
        reader = await client.create(role("reader", rule("list", "pods", "core")))
        readers = await client.create(binding("readers", user("jane"), role="reader"))
        reader.rules[0].resources[:] = ["secrets"]
        await client.update(reader)
        await settled(client)
        assert [await can(jane, "list", "pods"), await can(jane, "list", "secrets")] == [False, True]
        readers.subjects[0].name = "joe"
        await client.update(readers)
        await settled(client)
        assert not await can(jane, "list", "secrets")

    async def test_an_allowed_request_says_by_which_binding(self, client: Client, jane: Client) -> None:
        await client.create(role("reader", rule("list", "pods", "core")))
        await client.create(binding("readers", user("jane"), role="reader"))
        await settled(client)
        allowed = await answer(jane, "list", "pods")
        assert allowed.reason == 'RBAC: allowed by RoleBinding "readers/default" of Role "reader" to User "jane"'


class TestEscalation:
    """Jane may write roles and bindings, and read pods."""

    @pytest.fixture(autouse=True)
    async def _rights(self, client: Client) -> None:
        await grant(
            client, "jane", rule(WRITES, "roles rolebindings"), rule("get list", "pods", "core"), namespace="default"
        )
        await grant(client, "jane", rule(WRITES, "clusterroles clusterrolebindings"))

    async def test_she_grants_what_she_holds(self, jane: Client) -> None:
        await jane.create(role("reader", rule("get", "pods", "core")))
        await jane.create(binding("readers", user("joe"), role="reader"))

    async def test_a_role_with_more_is_refused_and_what_is_missing_told(self, jane: Client) -> None:
        with pytest.raises(errors.Forbidden) as told:
            await jane.create(role("more", rule("get delete watch", "pods", "core"), rule("get", "secrets", "core")))
        assert told.value.message == (
            'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["developers" "system:authenticated"])'
            " is attempting to grant RBAC permissions not currently held:\n"
            '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "watch"]}\n'
            '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'
        )

    async def test_rights_of_a_namespace_do_not_make_a_cluster_role(self, jane: Client) -> None:
        with pytest.raises(errors.Forbidden, match="attempting to grant RBAC permissions not currently held"):
            await jane.create(cluster_role("reader", rule("get", "pods", "core")))

    async def test_neither_an_update_nor_a_patch_nor_an_apply_gets_around_it(self, jane: Client) -> None:
        reader = await jane.create(role("reader", rule("get", "pods", "core")))
        more = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        reader.rules[0].verbs.append("delete")
        with pytest.raises(errors.Forbidden, match="not currently held"):
            await jane.update(reader)
        with pytest.raises(errors.Forbidden, match="not currently held"):
            await jane.patch(registry.ROLES, "reader", "default", {"rules": more})
        document = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": more,
                    "metadata": {"name": "reader", "namespace": "default"}}  # fmt: skip
        with pytest.raises(errors.Forbidden, match="not currently held"):
            await jane.apply(registry.ROLES, document, field_manager="jane", force=True)

    async def test_a_binding_to_a_stronger_role_is_refused(self, client: Client, jane: Client) -> None:
        with pytest.raises(errors.Forbidden, match=r'rolebindings.* "admins" is forbidden: .* not currently held'):
            await jane.create(binding("admins", user("jane"), cluster_role="cluster-admin"))

    async def test_a_binding_to_no_role_is_not_found_unless_she_may_bind_it(self, client: Client, jane: Client) -> None:
        with pytest.raises(errors.NotFound, match=r'role\.rbac\.authorization\.k8s\.io "later" not found'):
            await jane.create(binding("later", user("joe"), role="later"))
        await client.create(binding("by-an-administrator", user("joe"), role="later"))

    async def test_the_verbs_bind_and_escalate_are_leave_enough(self, client: Client, api: RunningApi) -> None:
        writes = rule("create", "roles rolebindings")
        await grant(client, "binder", writes, rule("bind", "clusterroles", rbac.GROUP, names="cluster-admin"))
        await grant(client, "escalator", writes, rule("escalate", "roles", rbac.GROUP, names="strong"))
        async with api.client(Identity("binder")) as binder, api.client(Identity("escalator")) as escalator:
            await binder.create(binding("admins", user("joe"), cluster_role="cluster-admin"))
            with pytest.raises(errors.Forbidden):
                await binder.create(binding("viewers", user("joe"), cluster_role="system:aggregate-to-edit"))
            await escalator.create(role("strong", rule("*", "*")))
            with pytest.raises(errors.Forbidden):
                await escalator.create(role("other", rule("*", "*")))

    async def test_only_who_may_do_everything_aggregates(self, jane: Client) -> None:
        everything = cluster_role("collects")
        everything.aggregation_rule.cluster_role_selectors.add().match_labels["a"] = "b"
        with pytest.raises(errors.Forbidden, match="must have cluster-admin privileges to use an aggregationRule"):
            await jane.create(everything)

    async def test_a_label_that_would_feed_a_strong_role_to_an_aggregate_is_refused(
        self, client: Client, jane: Client
    ) -> None:
        await client.create(cluster_role("strong", rule("*", "*")))
        labels = {"metadata": {"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}}
        with pytest.raises(errors.Forbidden, match="not currently held"):
            await jane.patch(CLUSTER_ROLES, "strong", "", labels)

    async def test_owners_and_finalizers_may_be_taken_away(self, client: Client, jane: Client) -> None:
        strong = role("strong", rule("*", "*"))
        strong.metadata.finalizers.append("example.com/held")
        await client.create(strong)
        patched = await jane.patch(registry.ROLES, "strong", "default", {"metadata": {"finalizers": None}})
        assert not patched.metadata.finalizers


class TestReviews:
    async def test_somebody_else_is_asked_about_by_who_may(self, client: Client, jane: Client) -> None:
        await grant(client, "joe", rule("list", "pods", "core"), namespace="default")
        review = authorization.SubjectAccessReview()
        review.spec.user = "joe"
        review.spec.resource_attributes.CopyFrom(
            authorization.ResourceAttributes(verb="list", resource="pods", namespace="default")
        )
        assert (await client.create(review)).status.allowed
        review.spec.resource_attributes.namespace = "kube-system"
        assert not (await client.create(review)).status.allowed
        with pytest.raises(errors.Forbidden, match='cannot create resource "subjectaccessreviews"'):
            await jane.create(review)

    async def test_groups_without_a_user_are_asked_about(self, client: Client) -> None:
        review = authorization.SubjectAccessReview()
        review.spec.groups.append(users.MASTERS)
        review.spec.non_resource_attributes.CopyFrom(authorization.NonResourceAttributes(verb="get", path="/metrics"))
        assert (await client.create(review)).status.allowed
        review.spec.groups[:] = ["nobody"]
        assert not (await client.create(review)).status.allowed

    async def test_a_local_review_is_about_its_namespace(self, client: Client, api: RunningApi) -> None:
        await grant(client, "owner", rule("create", "localsubjectaccessreviews"), namespace="default")
        review = authorization.LocalSubjectAccessReview(metadata=meta.ObjectMeta(namespace="default"))
        review.spec.user = "owner"
        review.spec.resource_attributes.CopyFrom(
            authorization.ResourceAttributes(
                verb="create", group="authorization.k8s.io", resource="localsubjectaccessreviews", namespace="default"
            )
        )
        async with api.client(Identity("owner")) as owner:
            assert (await owner.create(review)).status.allowed
            review.spec.resource_attributes.namespace = "kube-system"
            with pytest.raises(errors.Invalid, match=r"must match metadata\.namespace"):
                await owner.create(review)

    @pytest.mark.parametrize(
        ("resource", "path", "told"),
        [
            (True, True, "cannot be specified in combination with resourceAttributes"),
            (False, False, "exactly one of nonResourceAttributes or resourceAttributes must be specified"),
        ],
    )
    async def test_a_review_is_about_one_thing(self, client: Client, resource: bool, path: bool, told: str) -> None:
        review = authorization.SelfSubjectAccessReview()
        if resource:
            review.spec.resource_attributes.verb = "get"
        if path:
            review.spec.non_resource_attributes.verb = "get"
        with pytest.raises(errors.Invalid, match=told):
            await client.create(review)

    async def test_a_review_without_anybody_is_refused(self, client: Client) -> None:
        review = authorization.SubjectAccessReview()
        review.spec.resource_attributes.verb = "get"
        with pytest.raises(errors.Invalid, match="at least one of user or group must be specified"):
            await client.create(review)

    async def test_all_that_one_may_do_oneself_is_told(self, client: Client, jane: Client) -> None:
        await grant(client, "jane", rule("get list", "pods", "core"), namespace="default")
        review = authorization.SelfSubjectRulesReview()
        review.spec.namespace = "default"
        status = (await jane.create(review)).status
        told = [(list(rule.verbs), list(rule.resources)) for rule in status.resource_rules]
        assert (["get", "list"], ["pods"]) in told
        assert (["create"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]) in told
        assert any("/version" in rule.non_resource_urls for rule in status.non_resource_rules)
        assert not status.incomplete
        review.spec.namespace = "kube-system"
        elsewhere = (await jane.create(review)).status
        assert not any("pods" in rule.resources for rule in elsewhere.resource_rules)

    async def test_a_node_is_told_that_there_may_be_more(self, api: RunningApi) -> None:
        review = authorization.SelfSubjectRulesReview()
        review.spec.namespace = "default"
        async with api.client(Identity("system:node:node-1", (users.NODES,))) as agent:
            status = (await agent.create(review)).status
        assert status.incomplete
        assert status.evaluation_error == "node authorizer does not support user rule resolution"


class TestDefaultRoles:
    async def test_a_cluster_begins_with_them(self, client: Client) -> None:
        for default in default_objects():
            kind = registry.kind_of(default)
            stored = await client.get(kind, default.metadata.name, default.metadata.namespace)
            assert stored.metadata.labels["kubernetes.io/bootstrapping"] == "rbac-defaults"
            assert stored.metadata.annotations[AUTOUPDATE] == "true"

    async def test_what_they_lack_is_added_at_the_next_start_and_what_they_have_stays(self, etcd: RealEtcd) -> None:
        extra = rule("get", "widgets", "example.com")
        async with running_api(etcd) as api, api.client() as client:
            spoilt = await client.get(CLUSTER_ROLES, "system:kube-dns")
            del spoilt.rules[:]
            spoilt.rules.append(extra)
            spoilt.metadata.labels.clear()
            await client.update(spoilt)
            left = await client.get(CLUSTER_ROLES, "system:monitoring")
            left.metadata.annotations[AUTOUPDATE] = "false"
            del left.rules[:]
            await client.update(left)
            bound = await client.get(registry.CLUSTER_ROLE_BINDINGS, "system:kube-scheduler")
            bound.subjects[0].name = "somebody-else"
            await client.update(bound)
            await client.delete(CLUSTER_ROLES, "system:kube-scheduler")
        async with running_api(etcd) as api, api.client() as client:
            mended = await client.get(CLUSTER_ROLES, "system:kube-dns")
            assert extra in mended.rules
            assert rbac.covers(
                list(map(rbac.from_message, mended.rules)), [rbac.from_message(rule("watch", "services", "core"))]
            )
            assert mended.metadata.labels["kubernetes.io/bootstrapping"] == "rbac-defaults"
            assert not (await client.get(CLUSTER_ROLES, "system:monitoring")).rules
            subjects = (await client.get(registry.CLUSTER_ROLE_BINDINGS, "system:kube-scheduler")).subjects
            assert {subject.name for subject in subjects} == {"somebody-else", users.SCHEDULER}
            assert (await client.get(CLUSTER_ROLES, "system:kube-scheduler")).rules

    async def test_a_binding_to_another_role_is_made_anew(self, etcd: RealEtcd) -> None:
        bindings = registry.CLUSTER_ROLE_BINDINGS
        async with running_api(etcd) as api, api.client() as client:
            wrong = copy_of(await client.get(bindings, "system:kube-dns"))
            await client.delete(bindings, "system:kube-dns")
            wrong.role_ref.name, wrong.metadata.resource_version = "view", ""
            await client.create(wrong)
        async with running_api(etcd) as api, api.client() as client:
            assert (await client.get(bindings, "system:kube-dns")).role_ref.name == "system:kube-dns"

    async def test_a_start_that_finds_them_well_writes_nothing(self, etcd: RealEtcd) -> None:
        async with running_api(etcd) as api, api.client() as client:
            before = {
                role.metadata.name: role.metadata.resource_version for role in (await client.list(CLUSTER_ROLES)).items
            }
        async with running_api(etcd) as api, api.client() as client:
            after = {role.metadata.name: role.metadata.resource_version for role in (await client.list(CLUSTER_ROLES)).items}
        assert after == before

    async def test_everybody_may_ask_who_they_are_but_nothing_else(self, jane: Client) -> None:
        assert await can(jane, "create", "selfsubjectaccessreviews", group="authorization.k8s.io")
        assert not await can(jane, "get", "pods")

    async def test_bootstrappers_may_ask_for_certificates_that_are_approved(self, api: RunningApi) -> None:
        csr = "certificates.k8s.io"
        async with api.client(Identity("system:bootstrap:abcdef", (users.BOOTSTRAPPERS,))) as joining:
            assert await can(joining, "create", "certificatesigningrequests", namespace="", group=csr)
            assert await can(joining, "create", "certificatesigningrequests/nodeclient", namespace="", group=csr)
            assert not await can(joining, "create", "certificatesigningrequests/selfnodeclient", namespace="", group=csr)
            assert not await can(joining, "list", "nodes", namespace="")

    async def test_the_scheduler_sees_no_secrets(self, api: RunningApi) -> None:
        async with api.client(Identity(users.SCHEDULER)) as scheduler:
            await scheduler.list(PODS)
            with pytest.raises(errors.Forbidden):
                await scheduler.list(registry.SECRETS)


class TestAggregation:
    @pytest.fixture(autouse=True)
    async def _manager(self, api: RunningApi) -> AsyncIterator[None]:
        options = ManagerOptions(cluster_cidr="10.244.0.0/16", node_monitor_grace_seconds=40)
        async with (
            api.client(Identity(users.CONTROLLER_MANAGER)) as manager,
            running(run_manager(manager, options), "manager"),
        ):
            yield

    async def test_view_edit_and_admin_are_filled(self, client: Client, jane: Client, api: RunningApi) -> None:
        for name in ("view", "edit", "admin"):
            await client.create(binding(name, user(name), cluster_role=name))

        async def check() -> bool:
            rights = {}
            for name in ("view", "edit", "admin"):
                async with api.client(Identity(name)) as somebody:
                    rights[name] = [
                        await can(somebody, "list", "pods"),
                        await can(somebody, "delete", "deployments", group="apps"),
                        await can(somebody, "get", "secrets"),
                        await can(somebody, "create", "rolebindings", group=rbac.GROUP),
                        await can(somebody, "update", "resourcequotas"),
                    ]
            assert rights == {
                "view": [True, False, False, False, False],
                "edit": [True, True, True, False, False],
                "admin": [True, True, True, True, False],
            }
            return True

        await eventually(check, within=10)

    async def test_a_role_labelled_for_view_joins_it_and_leaves_it(self, client: Client, jane: Client) -> None:
        await client.create(binding("viewers", user("jane"), cluster_role="view"))
        await client.create(cluster_role("widgets", rule("list", "widgets", "example.com"), aggregate_to_view="true"))

        async def widgets_are(expected: bool) -> bool:
            return await can(jane, "list", "widgets", group="example.com") is expected

        await eventually(lambda: widgets_are(True), within=10)
        await client.delete(CLUSTER_ROLES, "widgets")
        await eventually(lambda: widgets_are(False), within=10)


async def test_a_namespace_admin_works_and_shares_but_only_at_home(client: Client, api: RunningApi) -> None:
    """A day in the life: an administrator of one namespace lets a colleague in, and can do no more."""
    await client.create(make_namespace("theirs"))
    await grant(client, "lead", rule("*", "configmaps", "core"), rule(WRITES, "roles rolebindings"), namespace="default")
    async with api.client(Identity("lead")) as lead, api.client(Identity("joe")) as joe:
        await lead.create(make_config_map("plan"))
        await lead.create(role("reader", rule("get list watch", "configmaps", "core")))
        await lead.create(binding("readers", user("joe"), role="reader"))
        await settled(client)
        assert (await joe.get(CONFIG_MAPS, "plan", "default")).metadata.name == "plan"
        with pytest.raises(errors.Forbidden):
            await joe.delete(CONFIG_MAPS, "plan", "default")
        with pytest.raises(errors.Forbidden):
            await lead.create(make_config_map("plan", "theirs"))
        with pytest.raises(errors.Forbidden):
            await lead.create(core.Namespace(metadata=meta.ObjectMeta(name="mine")))
