"""YAML: Kubernetes' meaning of every word, mistakes told with their place, and kubectl's way of writing."""

import math
from typing import Any

import pytest

from controlplane.api import yaml_text
from controlplane.api.yaml_text import Document, YamlError


def load(text: str) -> Any:
    (document,) = yaml_text.load_all(text)
    return document.value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", True),
        ("On", True),
        ("y", True),
        ("NO", False),
        ("off", False),
        ("True", True),
        ("tRUE", "tRUE"),
        ("~", None),
        ("null", None),
        ("", None),
        ("1", 1),
        ("-1", -1),
        ("+7", 7),
        ("0755", 493),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", 5),
        ("1_000", 1000),
        ("08", 8.0),
        ("18446744073709551615", 2**64 - 1),
        ("99999999999999999999", 1e20),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        ("1e999", "1e999"),
        (".inf", math.inf),
        ("12:30:00", "12:30:00"),
        ("2026-11-22", "2026-11-22"),
        ("2026-11-22T07:18:29Z", "2026-11-22T07:18:29Z"),
        ("1.2.3", "1.2.3"),
        ("10.0.0.1", "10.0.0.1"),
        ("500m", "500m"),
        ("1e3Mi", "1e3Mi"),
        (".", "."),
        ("'yes'", "yes"),
        ('"1"', "1"),
        ("!!str 8080", "8080"),
        ("!!str yes", "yes"),
        ("!!int 8080", 8080),
        ("!!float 8", 8.0),
        ("!!bool yes", True),
        ("! 8", "8"),
    ],
)
def test_a_word_means_what_it_means_to_kubernetes(word: str, value: object) -> None:
    found = load(f"a: {word}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_several_documents_are_told_with_their_first_lines() -> None:
    text = "# a comment\nkind: A\n---\n# nothing here\n---\n\nkind: B\n...\n---\n- 1\n"
    assert yaml_text.load_all(text) == [Document({"kind": "A"}, 2), Document({"kind": "B"}, 7), Document([1], 10)]


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n---\n", "\ufeff"])
def test_nothing_is_no_document(text: str) -> None:
    assert yaml_text.load_all(text) == []


def test_windows_line_ends_and_a_byte_order_mark_are_fine() -> None:
    assert load("\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\nc:\r\n- d\r\n") == {"a": 1, "b": "x\ny\n", "c": ["d"]}


def test_json_is_read_as_well() -> None:
    assert yaml_text.load_all('\n {"a": {"b": [1, true, null, "yes"]}}') == [
        Document({"a": {"b": [1, True, None, "yes"]}}, 2)
    ]
    assert load("{a: 1, b: [p, q],}") == {"a": 1, "b": ["p", "q"]}
    assert load('[{"a": 1}]') == [{"a": 1}]


def test_keys_are_text_whatever_they_look_like() -> None:
    assert load("1: a\nyes: b\n1.5: c\n2.0: d\n'3': e\n") == {"1": "a", "true": "b", "1.5": "c", "2": "d", "3": "e"}


def test_anchors_and_merge_keys_spare_repetition() -> None:
    anchors = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\n"
    found = load(anchors + "one:\n  <<: *base\n  b: 9\ntwo:\n  <<: [*base, *more]\nlist: [*base]\n")
    assert found["one"] == {"a": 1, "b": 9}
    assert found["two"] == {"a": 1, "b": 2, "c": 4}
    assert found["list"] == [{"a": 1, "b": 2}]
    found["list"][0]["a"] = 7
    assert found["base"]["a"] == 1


BOMB = "".join(
    f"{name}: &{name} [{', '.join([f'*{inner}' if inner else '1'] * 10)}]\n"
    for inner, name in zip(["", *"abcdef"], "abcdefg", strict=True)
)
TOWER = "a0: &a0 " + "[" * 60 + "]" * 60 + "\na1: " + "[" * 60 + "*a0" + "]" * 60


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", r'line 4, column 3: key "c" is already set in line 3'),
        ("a: 1\n'a': 2\n", r'line 2, column 1: key "a" is already set in line 1'),
        ("{a: 1,\n a: 2}", r'line 2, column 2: key "a" is already set in line 1'),
        ("a:\n\tb: 1\n", "line 2, column 1: a tab may not indent; use spaces"),
        ("a:\n  b: 1\n\tc: 2\n", "line 3, column 1: a tab may not indent; use spaces"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed in this context"),
        ("a: [1\nb: 2\n", "line 2, column 2: while parsing a flow sequence: did not find expected ',' or ']'"),
        ("a: 'x", "line 1, column 6: while scanning a quoted scalar: found unexpected end of stream"),
        ("a: *b", r"line 1, column 4: \*b refers to no anchor before it"),
        ("a: &a [*a]", r"line 1, column 8: \*a refers to no anchor before it"),
        ("a: \x01", "line 1, column 4: control characters are not allowed"),
        ("a: !Ref b", "line 1, column 4: unknown tag !Ref"),
        ("a: !!set {b}", "line 1, column 4: unknown tag !!set"),
        ("a: !!int x", 'line 1, column 4: "x" is no !!int'),
        ("? [a]\n: b", "line 1, column 3: a key must be text"),
        ("~: b", "line 1, column 1: a key must be text"),
        ("<<: 1", "line 1, column 5: << takes a mapping or a list of mappings"),
        ("[" * 200, "nested more than 100 levels deep"),
        (BOMB, "aliases repeat more than 100000 values"),
        (TOWER, "line 2, column 65: nested more than 100 levels deep"),
        ('{"a": 1', "line 2, column 1: while parsing a flow mapping: did not find expected ',' or '}'"),
    ],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(YamlError, match=message):
        yaml_text.load_all(text)


def test_what_is_written_looks_like_kubectls() -> None:
    written = yaml_text.dump(
        {
            "spec": {"containers": [{"name": "web", "args": ["-c", "x: y"], "ports": []}], "replicas": 3, "paused": False},
            "metadata": {
                "name": "web",
                "annotations": {"a": "true", "b": "12:30", "c": ""},
                "creationTimestamp": "2026-11-22T07:18:29Z",
            },
            "data": {"script": "one\ntwo\n", "last": "no end\nof line", "port": "8080", "n": "n", "u": "é ✓", "e": "1e3"},
            "none": None,
            "empty": {},
        }
    )
    assert (
        written
        == """\
data:
  e: "1e3"
  last: |-
    no end
    of line
  "n": "n"
  port: "8080"
  script: |
    one
    two
  u: é ✓
empty: {}
metadata:
  annotations:
    a: "true"
    b: "12:30"
    c: ""
  creationTimestamp: "2026-11-22T07:18:29Z"
  name: web
none: null
spec:
  containers:
  - args:
    - -c
    - 'x: y'
    name: web
    ports: []
  paused: false
  replicas: 3
"""
    )


def test_long_text_stays_on_one_line_and_shared_parts_are_written_out() -> None:
    shared = {"a": "word " * 50 + "end"}
    assert yaml_text.dump({"x": shared, "y": shared}).count("\n") == 4
