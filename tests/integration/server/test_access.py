"""Who may do what, asked of a running server for every verb on every kind."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.writes import create_write, delete_write
from controlplane.server.pki import Identity, issue, make_ca
from tests.support.access import Asker, Attempt, asking, every_attempt, grant, is_refusal, outcomes, rule
from tests.support.builders import make_config_map, make_namespace, make_pod
from tests.support.server import RunningApi

ALL = list(every_attempt())
# What everybody with credentials may ask about themselves.
OPEN = {
    Attempt("create", kind, "")
    for kind in (registry.SELF_SUBJECT_REVIEWS, registry.SELF_SUBJECT_ACCESS_REVIEWS, registry.SELF_SUBJECT_RULES_REVIEWS)
}
ATTEMPTED_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@pytest.fixture
async def jane(api: RunningApi) -> AsyncIterator[Asker]:
    async with asking(api.connection(Identity("jane", ("developers",)))) as asker:
        yield asker


async def failures(
    asker: Asker, attempts: list[Attempt], right: Callable[[errors.StatusError | None, Attempt], bool]
) -> list[str]:
    """The attempts whose outcome is not right, with the outcome."""
    return [f"{attempt}: {told!r}" for attempt, told in await outcomes(asker, attempts) if not right(told, attempt)]


def test_every_verb_and_kind_is_attempted() -> None:
    assert {attempt.kind for attempt in ALL} == set(registry.KINDS)
    assert {attempt.verb for attempt in ALL} == set(ATTEMPTED_VERBS)
    assert len(ALL) > 300


class TestWithoutCredentials:
    """An administrator beside them shows that the server does answer."""

    @pytest.fixture(autouse=True)
    async def _served(self, client: Client) -> AsyncIterator[None]:
        yield
        await client.list(registry.PODS)

    async def test_nothing_is_answered_without_a_certificate(self, api: RunningApi) -> None:
        bare = replace(api.connection(), certificate=b"", key=b"")
        async with asking(bare) as nobody:
            assert not await failures(nobody, ALL, lambda told, _: isinstance(told, errors.Unavailable))

    async def test_nothing_is_answered_to_a_certificate_of_another_authority(self, api: RunningApi) -> None:
        now = datetime.datetime.now(datetime.UTC)
        forged = issue(make_ca("orlop", now), Identity("admin", ("system:masters",)), now)
        connection = replace(api.connection(), certificate=forged.certificate, key=forged.key)
        async with asking(connection) as stranger:
            assert not await failures(stranger, ALL, lambda told, _: isinstance(told, errors.Unavailable))

    @pytest.mark.parametrize("token", ["", "no-such-token", "abcdef.0123456789abcdef", "eyJhbGciOiJub25lIn0.e30."])
    async def test_nothing_is_answered_to_a_wrong_token(self, api: RunningApi, token: str) -> None:
        async with asking(api.token_connection(token)) as stranger:
            assert not await failures(
                stranger, ALL, lambda told, _: isinstance(told, errors.Unauthorized | errors.Forbidden)
            )


class TestWithoutRights:
    async def test_a_user_without_bindings_is_refused_everything_but_questions_about_herself(self, jane: Asker) -> None:
        attempts = [attempt for attempt in ALL if attempt not in OPEN]
        assert not await failures(jane, attempts, lambda told, attempt: is_refusal(told, attempt, "jane"))
        assert not await failures(jane, list(OPEN), lambda told, attempt: not is_refusal(told, attempt, "jane"))

    async def test_the_refusal_is_kubernetes_own(self, api: RunningApi) -> None:
        async with api.client(Identity("jane")) as jane:
            with pytest.raises(errors.Forbidden) as told:
                await jane.list(registry.DEPLOYMENTS, "default")
            assert told.value.message == (
                'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" '
                'in the namespace "default"'
            )
            with pytest.raises(errors.Forbidden) as told:
                await jane.get(registry.NODES, "node-1")
            assert told.value.message == (
                'nodes "node-1" is forbidden: User "jane" cannot get resource "nodes" in API group "" at the cluster scope'
            )

    async def test_each_write_of_a_batch_is_refused_by_itself(self, api: RunningApi, client: Client) -> None:
        await grant(client, "jane", rule("create", "configmaps", "core"), namespace="default")
        writes = [create_write(make_config_map("a")), create_write(make_pod(name="a")), create_write(make_config_map("b"))]
        async with api.client(Identity("jane")) as jane:
            outcomes = await jane.batch([*writes, delete_write(registry.CONFIG_MAPS, "a", "default")])
        assert [type(outcome).__name__ for outcome in outcomes] == ["ConfigMap", "Forbidden", "ConfigMap", "Forbidden"]

    async def test_everything_in_one_namespace_is_nothing_in_another(
        self, api: RunningApi, client: Client, jane: Asker
    ) -> None:
        await client.create(make_namespace("theirs"))
        await grant(client, "jane", rule("*", "*"), namespace="default")
        here = [attempt for attempt in ALL if attempt.kind.namespaced]
        there = [attempt for attempt in every_attempt("theirs") if attempt not in OPEN]
        everywhere = [
            replace(attempt, namespace="") for attempt in here if attempt.verb in ("list", "watch", "deletecollection")
        ]
        refused = lambda told, attempt: is_refusal(told, attempt, "jane")  # noqa: E731
        assert not await failures(jane, here, lambda told, attempt: not is_refusal(told, attempt, "jane"))
        assert not await failures(jane, there, refused)
        assert not await failures(jane, everywhere, refused)


class TestExactlyWhatARoleAllows:
    @pytest.mark.parametrize("verb", ATTEMPTED_VERBS)
    async def test_one_verb_on_everything(self, api: RunningApi, client: Client, jane: Asker, verb: str) -> None:
        await grant(client, "jane", rule(verb, "*"))
        attempts = [attempt for attempt in ALL if attempt not in OPEN]
        wrong = await failures(
            jane, attempts, lambda told, attempt: is_refusal(told, attempt, "jane") is not (attempt.verb == verb)
        )
        assert not wrong

    async def test_one_kind_and_no_other(self, api: RunningApi, client: Client) -> None:
        """Each kind has a user of its own, who may list it, and lists all."""
        listable = [attempt for attempt in ALL if attempt.verb == "list"]
        for owned in listable:
            user = f"user-of-{owned.kind.resource}"
            await grant(client, user, rule("list", owned.kind.plural, owned.kind.group or "core"))
        for owned in listable:
            user = f"user-of-{owned.kind.resource}"
            async with asking(api.connection(Identity(user))) as asker:
                wrong = await failures(
                    asker,
                    listable,
                    lambda told, attempt: is_refusal(told, attempt, user) is not (attempt == owned),  # noqa: B023
                )
                assert not wrong

    async def test_a_subresource_is_not_its_object_nor_the_other_way_round(
        self, api: RunningApi, client: Client, jane: Asker
    ) -> None:
        await grant(client, "jane", rule("*", "*/status */scale"))
        wrong = await failures(
            jane, [attempt for attempt in ALL if attempt not in OPEN],
            lambda told, attempt: is_refusal(told, attempt, "jane") is not (attempt.subresource in ("status", "scale")),
        )  # fmt: skip
        assert not wrong

    async def test_a_name_is_granted_for_itself_and_for_lists_of_only_it(self, api: RunningApi, client: Client) -> None:
        for name in ("mine", "other"):
            await client.create(make_config_map(name))
        await grant(client, "jane", rule("get list", "configmaps", "core", names="mine"), namespace="default")
        async with api.client(Identity("jane")) as jane:
            assert (await jane.get(registry.CONFIG_MAPS, "mine", "default")).metadata.name == "mine"
            listed = await jane.list(registry.CONFIG_MAPS, "default", fields="metadata.name=mine")
            assert [found.metadata.name for found in listed.items] == ["mine"]
            with pytest.raises(errors.Forbidden, match='configmaps "other" is forbidden'):
                await jane.get(registry.CONFIG_MAPS, "other", "default")
            with pytest.raises(errors.Forbidden):
                await jane.list(registry.CONFIG_MAPS, "default")
            with pytest.raises(errors.Forbidden):
                await jane.list(registry.CONFIG_MAPS, "default", fields="metadata.name!=other")
