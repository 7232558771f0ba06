"""Label selectors: text, message and map say the same thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.api import labels
from controlplane.api.labels import Requirement, Selector
from protos.v1 import meta_pb2 as meta

WEB = {"app": "web", "tier": "front", "example.com/size": "10"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("   ", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web", True),
        ("app=api", False),
        ("app!=api", True),
        ("app!=web", False),
        ("absent!=x", True),
        ("absent=x", False),
        ("absent=", False),
        ("app in (web,api)", True),
        ("app in(api)", False),
        ("app notin (api, db)", True),
        ("app notin (web)", False),
        ("absent notin (x)", True),
        ("absent in ()", False),
        ("app", True),
        ("absent", False),
        ("!absent", True),
        ("! app", False),
        ("example.com/size>9", True),
        ("example.com/size<10", False),
        ("app>9", False),
        ("app=web,tier in (front),!absent", True),
        ("app=web,tier=back", False),
    ],
)
def test_text_picks_objects_as_in_kubernetes(text: str, matches: bool) -> None:
    assert labels.parse(text).matches(WEB) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a in x", r'"a in x": expected "\(" at position 6, found "x"'),
        ("a in (x", r'expected "\)" at position 8, found the end'),
        ("a b", r'expected "=", "!=", "in", "notin" or "," at position 3, found "b"'),
        ("a,", "expected a label key at position 3, found the end"),
        (",a", 'expected a label key at position 1, found ","'),
        ("a=b=c", 'expected "," at position 4, found "="'),
        ("=b", "expected a label key at position 1"),
        ("-a=b", 'a label key "-a": name part must consist of'),
        ("a=b c", 'expected "," at position 5, found "c"'),
        ("a=b/c", 'a label value "b/c": a valid label must'),
        ("a>x", 'a whole number "x": must be a whole number'),
    ],
)
def test_bad_text_is_refused_with_the_position(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        labels.parse(text)


def test_a_label_selector_joins_labels_and_expressions() -> None:
    selector = labels.from_label_selector(
        meta.LabelSelector(
            match_labels={"app": "web"},
            match_expressions=[
                meta.LabelSelectorRequirement(key="tier", operator="In", values=["front", "back"]),
                meta.LabelSelectorRequirement(key="old", operator="DoesNotExist"),
            ],
        )
    )
    assert str(selector) == "app=web,tier in (back,front),!old"
    assert selector.matches(WEB)
    assert not selector.matches(WEB | {"old": ""})


def test_an_operator_that_is_none_is_refused() -> None:
    wrong = meta.LabelSelector(match_expressions=[meta.LabelSelectorRequirement(key="a", operator="Is")])
    with pytest.raises(ValueError, match='"Is" is not a valid label selector operator; use In, NotIn, Exists, DoesNotExist'):
        labels.from_label_selector(wrong)


def test_an_empty_selector_matches_everything() -> None:
    assert labels.from_map({}).is_everything
    assert labels.from_label_selector(meta.LabelSelector()).matches({})


def test_the_labels_of_a_message_can_be_matched() -> None:
    assert labels.parse("app=web,absent!=x").matches(meta.ObjectMeta(labels=WEB).labels)


KEYS = st.sampled_from(["app", "tier", "example.com/size", "in", "notin"])
VALUES = st.sampled_from(["", "web", "front", "10", "in"])
REQUIREMENTS = st.one_of(
    st.builds(
        Requirement, KEYS, st.sampled_from(["In", "NotIn"]), st.lists(VALUES, min_size=1, max_size=3, unique=True).map(tuple)
    ),
    st.builds(Requirement, KEYS, st.sampled_from(["Exists", "DoesNotExist"])),
)


@given(st.lists(REQUIREMENTS, max_size=4), st.dictionaries(KEYS, VALUES))
def test_a_selector_means_the_same_after_writing_and_reading(
    requirements: list[Requirement], subject: dict[str, str]
) -> None:
    selector = Selector(tuple(requirements))
    assert labels.parse(str(selector)).matches(subject) is selector.matches(subject)


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES))
def test_a_map_selects_what_contains_it(wanted: dict[str, str], subject: dict[str, str]) -> None:
    assert labels.from_map(wanted).matches(subject) is (wanted.items() <= subject.items())
