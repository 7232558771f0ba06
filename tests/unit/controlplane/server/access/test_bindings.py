"""Who is bound to what, kept by changes, against the same worked out anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controlplane.api import rbac
from controlplane.server.access.bindings import Bindings
from controlplane.server.users import User
from protos.v1 import meta_pb2 as meta
from protos.v1 import rbac_pb2
from tests.support.caches import FilledCache

SUBJECTS = [
    rbac_pb2.Subject(kind="User", name="jane"),
    rbac_pb2.Subject(kind="User", name="joe"),
    rbac_pb2.Subject(kind="Group", name="ops"),
    rbac_pb2.Subject(kind="Group", name="jane"),
    rbac_pb2.Subject(kind="ServiceAccount", name="robot", namespace="a"),
    rbac_pb2.Subject(kind="ServiceAccount", name="robot"),
    rbac_pb2.Subject(kind="Martian", name="jane"),
]
USERS = [
    User("jane"),
    User("joe", frozenset({"ops"})),
    User("ann", frozenset({"jane", "ops"})),
    User("system:serviceaccount:a:robot"),
    User("system:serviceaccount:b:robot"),
]

names = st.sampled_from("xyz")
subjects = st.lists(st.sampled_from(SUBJECTS), max_size=3)
changes = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(["", "a", "b"]), names, subjects),
    st.tuples(st.just("remove"), st.sampled_from(["", "a", "b"]), names, subjects),
    st.tuples(st.sampled_from(["read anew", "look"]), st.just(""), names, subjects),
)


def binding(namespace: str, name: str, bound: list[rbac_pb2.Subject]) -> rbac_pb2.RoleBinding | rbac_pb2.ClusterRoleBinding:
    ref = rbac_pb2.RoleRef(api_group=rbac.GROUP, kind="ClusterRole", name="view")
    metadata = meta.ObjectMeta(name=name, namespace=namespace)
    made = rbac_pb2.RoleBinding if namespace else rbac_pb2.ClusterRoleBinding
    return made(metadata=metadata, subjects=bound, role_ref=ref)


def where(bindings: Bindings, user: User) -> list[tuple[str, str]]:
    bindings.refresh()
    return [(bound.namespace, bound.source) for bound in bindings.of(user)]


@given(st.lists(changes, max_size=12))
def test_whatever_changes_it_is_as_if_read_anew(steps: list[tuple[str, str, str, list[rbac_pb2.Subject]]]) -> None:
    filled = FilledCache()
    kept = Bindings(filled.cache)
    for what, namespace, name, bound in steps:
        match what:
            case "put":
                filled.put(binding(namespace, name, bound))
            case "remove":
                filled.remove(binding(namespace, name, bound))
            case "read anew":
                filled.read_anew()
            case _:
                kept.refresh()
    for user in USERS:
        assert {place for place, _ in where(kept, user)} == {place for place, _ in where(Bindings(filled.cache), user)}
        assert len(where(kept, user)) == len(where(Bindings(filled.cache), user))


def test_a_subject_is_found_by_its_kind() -> None:
    filled = FilledCache(binding("", "x", SUBJECTS[:1]), binding("a", "y", SUBJECTS[5:6]), binding("", "z", SUBJECTS[5:]))
    bindings = Bindings(filled.cache)
    assert where(bindings, User("jane")) == [("", 'ClusterRoleBinding "x" of ClusterRole "view" to User "jane"')]
    robot = User("system:serviceaccount:a:robot")
    assert where(bindings, robot) == [("a", 'RoleBinding "y/a" of ClusterRole "view" to ServiceAccount "robot/a"')]
    assert where(bindings, User("martian", frozenset({"x"}))) == []


def test_nothing_new_is_told_as_such() -> None:
    filled = FilledCache()
    bindings = Bindings(filled.cache)
    assert bindings.refresh()
    assert not bindings.refresh()
    filled.put(binding("", "x", []))
    assert bindings.refresh()
    assert not bindings.refresh()
