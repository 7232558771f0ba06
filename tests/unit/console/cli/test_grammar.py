"""People type what their fingers know from kubectl; all its spellings must be understood."""

from __future__ import annotations

from collections.abc import Sequence

import click
import pytest

from console.cli import options
from console.cli.durations import seconds
from console.cli.grammar import Verb, after_dash
from console.cli.session import Settings


@click.command("probe", cls=Verb, takes_command=True)
@click.argument("words", nargs=-1)
@options.common
@options.all_namespaces
@options.selectors
@options.output("yaml", "wide")
@options.dry_run
@click.option("-w", "--watch/--no-watch", default=False)
@click.option("-i", "--stdin", is_flag=True)
@click.option("-t", "--tty", is_flag=True)
@click.pass_context
def probe(context: click.Context, **given: object) -> dict[str, object]:
    return {**given, "behind": after_dash(context), "settings": context.find_object(Settings)}


def parsed(words: str | Sequence[str]) -> dict[str, object]:
    split = words.split() if isinstance(words, str) else list(words)
    found: dict[str, object] = probe.main(split, standalone_mode=False, obj=Settings())
    return found


@pytest.mark.parametrize("words", ["-o yaml", "-oyaml", "-o=yaml", "--output yaml", "--output=yaml"])
def test_a_value_may_be_attached_in_every_way(words: str) -> None:
    assert parsed(words)["output"] == "yaml"


@pytest.mark.parametrize(
    ("words", "watch"),
    [
        ("-w", True),
        ("--watch", True),
        ("--watch=true", True),
        ("-w=true", True),
        ("--watch=false", False),
        ("--no-watch", False),
    ],
)
def test_a_flag_may_be_given_a_truth_value(words: str, watch: bool) -> None:
    assert parsed(words)["watch"] is watch


def test_a_flag_that_cannot_be_turned_off_may_still_be_set_to_false() -> None:
    assert parsed("--stdin=false --tty=true") | {"settings": None} == parsed("-t") | {"settings": None}


def test_short_flags_may_be_joined() -> None:
    found = parsed("-it pod")
    assert (found["stdin"], found["tty"], found["words"]) == (True, True, ("pod",))


def test_flags_and_words_come_in_any_order() -> None:
    found = parsed("pods -l app=web,tier!=db web -o wide")
    assert (found["words"], found["labels"], found["output"]) == (("pods", "web"), "app=web,tier!=db", "wide")


def test_words_behind_two_dashes_are_kept_apart() -> None:
    found = parsed("web -- ls -l -o=x --watch=false")
    assert (found["words"], found["behind"]) == (("web",), ["ls", "-l", "-o=x", "--watch=false"])


def test_without_dashes_there_is_nothing_behind_them() -> None:
    assert parsed("web")["behind"] is None
    assert parsed("web --")["behind"] == []


@pytest.mark.parametrize(
    ("words", "strategy", "rest"),
    [
        ("web", "none", ("web",)),
        ("--dry-run=server web", "server", ("web",)),
        ("--dry-run web", "client", ("web",)),
        ("web --dry-run", "client", ("web",)),
        ("--dry-run client web", "client", ("web",)),
    ],
)
def test_a_dry_run_may_be_asked_for_in_old_ways(words: str, strategy: str, rest: tuple[str, ...]) -> None:
    found = parsed(words)
    assert (found["dry_run"], found["words"]) == (strategy, rest)


def test_an_old_spelling_brings_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    parsed("--dry-run client")
    assert capsys.readouterr().err == "note: write --dry-run=client\n"


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(click.UsageError, match="Invalid dry-run value"):
        parsed("--dry-run=maybe")


def test_global_flags_end_up_in_the_settings() -> None:
    settings = parsed("-n shop --context=lab --request-timeout 1m30s -A")["settings"]
    assert settings == Settings("shop", all_namespaces=True, context="lab", request_timeout=90.0)


@pytest.mark.parametrize(
    ("text", "expected"), [("5", 5), ("1.5", 1.5), ("90s", 90), ("1h30m", 5400), ("250ms", 0.25), ("1m0.5s", 60.5)]
)
def test_a_duration_is_read_as_go_writes_it(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "5x", "1h 30m", "m", "-5s", "5s!"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        seconds(text)
