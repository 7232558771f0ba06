"""What became of a write whose answer was lost, found out from a real etcd."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import Etcd, UnavailableError
from controlplane.store.mutation import ConditionError, Mutation
from controlplane.store.outcome import settle
from tests.support.etcd import RealEtcd

KEY = b"/orlop/objects/configmaps/default/a"
LOST = UnavailableError("the answer was lost")


@pytest.fixture
async def raw(etcd: RealEtcd) -> AsyncIterator[Etcd]:
    client = Etcd(etcd.endpoint)
    yield client
    await client.close()


async def put(raw: Etcd, value: bytes) -> int:
    request = rpc.TxnRequest()
    request.success.add(request_put=rpc.PutRequest(key=KEY, value=value))
    return (await raw.transact(request)).header.revision


async def remove(raw: Etcd) -> int:
    request = rpc.TxnRequest()
    request.success.add(request_delete_range=rpc.DeleteRangeRequest(key=KEY))
    return (await raw.transact(request)).header.revision


async def apply(raw: Etcd, mutation: Mutation) -> int:
    """Sends a write as the committer does, but for its answer."""
    answer = await raw.transact(mutation.transaction())
    if not answer.succeeded:
        raise ConditionError
    return answer.header.revision


async def settled(raw: Etcd, mutation: Mutation) -> int:
    return await settle(raw, lambda again: apply(raw, again), mutation, LOST)


async def test_a_write_that_was_applied_succeeds_at_its_revision(raw: Etcd) -> None:
    written = await apply(raw, create := Mutation({KEY: 0}, {KEY: b"mine"}))
    assert await settled(raw, create) == written
    updated = await apply(raw, update := Mutation({KEY: written}, {KEY: b"mine too"}))
    assert await settled(raw, update) == updated


async def test_a_write_that_was_applied_and_overwritten_succeeds_at_its_revision(raw: Etcd) -> None:
    start = await put(raw, b"start")
    written = await apply(raw, update := Mutation({KEY: start}, {KEY: b"mine"}))
    for value in (b"theirs", b"theirs again"):
        await put(raw, value)
    assert await settled(raw, update) == written


async def test_an_update_that_was_not_applied_is_sent_again(raw: Etcd) -> None:
    start = await put(raw, b"start")
    revision = await settled(raw, Mutation({KEY: start}, {KEY: b"mine"}))
    pair, _ = await raw.get(KEY)
    assert pair is not None
    assert (pair.value, pair.mod_revision) == (b"mine", revision)


async def test_an_update_that_lost_its_race_is_refused(raw: Etcd) -> None:
    start = await put(raw, b"start")
    await put(raw, b"theirs")
    with pytest.raises(ConditionError):
        await settled(raw, Mutation({KEY: start}, {KEY: b"mine"}))
    await remove(raw)
    with pytest.raises(ConditionError):
        await settled(raw, Mutation({KEY: start}, {KEY: b"mine"}))


async def test_a_creation_that_was_not_found_stays_unknown_and_is_not_sent_again(raw: Etcd) -> None:
    """It may have been written and removed: to write it again would bring back what somebody has deleted."""
    with pytest.raises(UnavailableError, match="the answer was lost"):
        await settled(raw, Mutation({KEY: 0}, {KEY: b"mine"}))
    pair, _ = await raw.get(KEY)
    assert pair is None


async def test_a_creation_of_a_name_that_others_have_is_refused(raw: Etcd) -> None:
    await put(raw, b"theirs")
    with pytest.raises(ConditionError):
        await settled(raw, Mutation({KEY: 0}, {KEY: b"mine"}))


async def test_a_removal_succeeds_when_the_object_is_gone_or_another_has_its_name(raw: Etcd) -> None:
    start = await put(raw, b"start")
    removal = Mutation({KEY: start}, deletes=[KEY])
    gone = await apply(raw, removal)
    assert await settled(raw, removal) >= gone
    again = await put(raw, b"another")
    assert await settled(raw, removal) >= gone
    pair, _ = await raw.get(KEY)
    assert pair is not None
    assert pair.mod_revision == again


async def test_a_removal_that_was_not_applied_is_sent_again_but_not_on_a_newer_version(raw: Etcd) -> None:
    start = await put(raw, b"start")
    await settled(raw, Mutation({KEY: start}, deletes=[KEY]))
    assert (await raw.get(KEY))[0] is None
    start = await put(raw, b"start")
    await put(raw, b"newer")
    with pytest.raises(ConditionError):
        await settled(raw, Mutation({KEY: start}, deletes=[KEY]))


async def test_what_a_compaction_has_taken_stays_unknown(raw: Etcd) -> None:
    start = await put(raw, b"start")
    await apply(raw, update := Mutation({KEY: start}, {KEY: b"mine"}))
    await raw.compact(await put(raw, b"theirs"))
    with pytest.raises(UnavailableError, match="the answer was lost"):
        await settled(raw, update)
