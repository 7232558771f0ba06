"""RBAC's arithmetic against brute force over a small world.

A world has every word that rules can name and, for each place, one word that no rule names: it stands for all the others,
so that `*` is told apart from a list of all known words.
"""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from controlplane.api.rbac import Rule, compact, covers, missing
from controlplane.server.users import Attributes

OTHER = "zzz"
VERBS = ("get", "list", OTHER)
GROUPS = ("", "apps", OTHER)
RESOURCES = ("pods", "jobs", OTHER)
SUBRESOURCES = ("", "log", "scale", OTHER)
NAMES = ("", "a", "b", OTHER)
PATHS = ("/a", "/a/", "/a/b", "/a/zzz", "/zzz")

WORLD = [
    *(Attributes(verb, group, "v1", resource, subresource, "ns", name)
      for verb, group, resource, subresource, name in product(VERBS, GROUPS, RESOURCES, SUBRESOURCES, NAMES)),
    *(Attributes(verb, path=path) for verb, path in product(VERBS, PATHS)),
]  # fmt: skip


def some(*words: str, least: int = 1) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(words), min_size=least, max_size=3, unique=True).map(tuple)


verbs = some("get", "list", "*")
resource_rules = st.builds(
    Rule, verbs, some("", "apps", "*"), some("pods", "jobs", "pods/log", "jobs/scale", "*/scale", "*/log", "*"),
    st.one_of(st.just(()), some("a", "b")),
)  # fmt: skip
path_rules = st.builds(lambda verbs, paths: Rule(verbs, paths=paths), verbs, some("/a", "/a/*", "/a/b", "/a*", "*"))
rules = st.lists(st.one_of(resource_rules, resource_rules, path_rules), max_size=3)


def allowed(held: list[Rule]) -> set[int]:
    return {number for number, asked in enumerate(WORLD) if any(rule.allows(asked) for rule in held)}


@given(rules, rules)
def test_rules_cover_others_exactly_when_they_allow_all_that_those_do(held: list[Rule], wanted: list[Rule]) -> None:
    assert covers(held, wanted) == (allowed(wanted) <= allowed(held))


@given(rules, rules)
def test_with_what_is_missing_nothing_is(held: list[Rule], wanted: list[Rule]) -> None:
    lacking = missing(held, wanted)
    assert covers([*held, *lacking], wanted)
    assert allowed(lacking) <= allowed(wanted)


@given(rules)
def test_compact_rules_allow_the_same(held: list[Rule]) -> None:
    assert allowed(compact(held)) == allowed(held)
