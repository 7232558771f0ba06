"""A write to etcd: what must hold, and what then happens, together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controlplane.store.etcd import rpc_pb2 as rpc


class ConditionError(Exception):
    """A condition of a mutation did not hold; nothing of it was written."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """Puts and deletes that happen together, if each key of `versions` was last changed at the revision given there
    (0: there is no such key). The first of them is the key that it is all about; its value ends with the
    lease, if there is one."""

    versions: Mapping[bytes, int]
    puts: Mapping[bytes, bytes] = field(default_factory=dict)
    deletes: Sequence[bytes] = ()
    lease: int = 0

    @property
    def main(self) -> bytes | None:
        return next(iter(self.versions), None)

    @property
    def keys(self) -> set[bytes]:
        return {*self.puts, *self.deletes}

    @property
    def size(self) -> int:
        return sum(len(key) + len(value) for key, value in self.puts.items())

    @property
    def operations(self) -> int:
        return max(len(self.versions), len(self.keys))

    def transaction(self) -> rpc.TxnRequest:
        txn = rpc.TxnRequest()
        self.add_to(txn)
        return txn

    def add_to(self, txn: rpc.TxnRequest) -> None:
        """Puts the conditions and operations into an empty transaction, in place: values may be large."""
        for key, revision in self.versions.items():
            txn.compare.add(target=rpc.Compare.MOD, result=rpc.Compare.EQUAL, key=key, mod_revision=revision)
        for key, value in self.puts.items():
            put = txn.success.add().request_put
            put.key, put.value = key, value
            if self.lease and key == self.main:
                put.lease = self.lease
        for key in self.deletes:
            txn.success.add().request_delete_range.key = key
