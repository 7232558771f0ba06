"""Names, and what becomes of a definition by them."""

from __future__ import annotations

import pytest

from controlplane.api.custom import definitions
from controlplane.api.objects import condition_is, copy_of, find_condition
from protos.v1.apiextensions_pb2 import CustomResourceDefinition
from tests.support.custom import definition, established, version

NOW = 1_750_000_000.0


def settled(given: CustomResourceDefinition, *others: CustomResourceDefinition) -> CustomResourceDefinition:
    definitions.fill_defaults(given)
    return definitions.settled(given, others, now=NOW)


def conflict(given: CustomResourceDefinition) -> tuple[str, str]:
    found = find_condition(given.status.conditions, definitions.NAMES_ACCEPTED)
    assert found is not None
    assert found.status == "False"
    return found.reason, found.message


def test_a_definition_alone_gets_its_names_and_is_established() -> None:
    made = settled(definition(shortNames=["ct"], categories=["all"]))
    assert definitions.is_established(made)
    assert condition_is(made.status.conditions, definitions.NAMES_ACCEPTED)
    names = made.status.accepted_names
    assert (names.plural, names.singular, names.kind, names.list_kind) == ("crontabs", "crontab", "CronTab", "CronTabList")
    assert list(names.short_names) == ["ct"]
    assert list(made.status.stored_versions) == ["v1"]


@pytest.mark.parametrize(
    ("names", "reason", "message"),
    [
        ({"plural": "crontab", "kind": "Other"}, "PluralConflict", '"crontab" is already in use'),
        ({"singular": "ct"}, "SingularConflict", '"ct" is already in use'),
        ({"shortNames": ["x", "crontabs"]}, "ShortNamesConflict", '"crontabs" is already in use'),
        ({"kind": "CronTab", "singular": "one", "listKind": "Ones"}, "KindConflict", '"CronTab" is already in use'),
        ({"listKind": "CronTabList"}, "ListKindConflict", '"CronTabList" is already in use'),
    ],
)
def test_a_name_that_another_has_is_not_given_again(names: dict[str, object], reason: str, message: str) -> None:
    mine = {"plural": "tables", "kind": "Table"} | names
    first, later = established(shortNames=["ct"]), definition(mine.pop("plural"), mine.pop("kind"), **mine)
    made = settled(later, first)
    assert conflict(made) == (reason, message)
    assert not definitions.is_established(made)
    assert settled(first, made) == first


def test_names_of_another_group_are_free() -> None:
    assert definitions.is_established(settled(definition(), established(group="other.example.com")))


def test_who_waited_gets_the_name_when_it_comes_free() -> None:
    waiting = settled(definition("tables", "CronTab", singular="table"), established())
    assert not definitions.is_established(waiting)
    assert definitions.is_established(settled(waiting))


def test_of_two_that_got_one_name_at_once_the_older_keeps_it() -> None:
    older, younger = established(shortNames=["ct"]), established("tables", "Table", shortNames=["ct"])
    older.metadata.creation_timestamp.seconds, younger.metadata.creation_timestamp.seconds = 1, 2
    older_next, younger_next = settled(copy_of(older), younger), settled(copy_of(younger), older)
    assert list(older_next.status.accepted_names.short_names) == ["ct"]
    assert list(younger_next.status.accepted_names.short_names) == []
    assert conflict(younger_next)[0] == "ShortNamesConflict"
    assert definitions.is_established(younger_next), "what was served once stays"


def test_settling_twice_changes_nothing_more() -> None:
    made = settled(definition())
    assert definitions.settled(made, [], now=NOW + 100) == made


def test_every_version_that_was_stored_is_remembered() -> None:
    made = established("crontabs", "CronTab", version("v1"), version("v2", storage=False))
    made.spec.versions[0].storage, made.spec.versions[1].storage = False, True
    assert list(settled(made).status.stored_versions) == ["v1", "v2"]


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        ("https://github.com/kubernetes/kubernetes/pull/1", "True", "ApprovedAnnotation"),
        ("unapproved, experimental-only", "False", "UnapprovedAnnotation"),
        ("maybe", "False", "InvalidAnnotation"),
    ],
)
def test_a_protected_group_says_whether_it_is_approved(value: str, status: str, reason: str) -> None:
    given = definition(group="snapshot.storage.k8s.io")
    given.metadata.annotations[definitions.APPROVAL] = value
    found = find_condition(settled(given).status.conditions, definitions.CONFORMANT)
    assert found is not None
    assert (found.status, found.reason) == (status, reason)
