"""kubectl's way of writing commands, on top of click's.

- A flag may be given a truth value: `--wait=false`, `-w=true`.
- A short option may have an equals sign: `-o=yaml`.
- An option whose value may be left out takes it after an equals sign; the old `--dry-run client` works, with a note.
- What follows `--` is somebody else's command and is kept apart (`after_dash`).
- A command is loaded when it is asked for; a mistyped one gets the nearest.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import click

from console.cli.session import note

_AFTER_DASH = "console.cli.after_dash"
_SHORT = re.compile(r"-([A-Za-z])=(.*)", re.DOTALL)
_TRUE = ("true", "1", "t")
_FALSE = ("false", "0", "f")


def after_dash(context: click.Context) -> list[str] | None:
    """The words behind `--`, None when there was none."""
    words: list[str] | None = context.meta.get(_AFTER_DASH)
    return words


class Verb(click.Command):
    """A command in kubectl's grammar. With `takes_command`, the words behind `--` are no arguments."""

    def __init__(self, *args: Any, takes_command: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.takes_command = takes_command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own, tail = split_at_dash(args)
        ctx.meta[_AFTER_DASH] = tail
        plain = self._plain(own)
        if tail is not None and not self.takes_command:
            plain += ["--", *tail]
        return super().parse_args(ctx, plain)

    def _plain(self, args: Sequence[str]) -> list[str]:
        """The same words in click's grammar."""
        switches, optional = self._switches(), self._optional()
        plain: list[str] = []
        words = deque(args)
        while words:
            word = words.popleft()
            name, equals, value = word.partition("=")
            if equals and name in switches:
                on, off = switches[name]
                plain += [on if _truth(name, value) else off] if off or _truth(name, value) else []
            elif word in optional:
                plain.append(_filled(word, optional[word], words))
            elif short := _SHORT.fullmatch(word):
                plain += [f"-{short[1]}", short[2]]
            else:
                plain.append(word)
        return plain

    def _switches(self) -> dict[str, tuple[str, str]]:
        """Every spelling of every flag -> what turns it on, and what turns it off if anything does."""
        found: dict[str, tuple[str, str]] = {}
        for option in self.params:
            if isinstance(option, click.Option) and option.is_flag:
                off = option.secondary_opts[0] if option.secondary_opts else ""
                found |= dict.fromkeys(option.opts, (option.opts[-1], off))
        return found

    def _optional(self) -> dict[str, click.Option]:
        """The options whose value may be left out."""
        options = [o for o in self.params if isinstance(o, click.Option) and not o.is_flag and isinstance(o.flag_value, str)]
        return {name: option for option in options for name in option.opts}


def _filled(name: str, option: click.Option, behind: deque[str]) -> str:
    """The option with its value: the next word where that is one of the values, its usual one otherwise."""
    if behind and behind[0] in (option.metavar or "").split("|"):
        value = behind.popleft()
        note(f"note: write {name}={value}")
        return f"{name}={value}"
    return f"{name}={option.flag_value}"


def split_at_dash(args: Sequence[str]) -> tuple[list[str], list[str] | None]:
    if "--" not in args:
        return list(args), None
    position = args.index("--")
    return list(args[:position]), list(args[position + 1 :])


def _truth(name: str, value: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise click.UsageError(f'invalid argument "{value}" for "{name}" flag: write true or false')


class Verbs(click.Group):
    """Commands by name -> (`module:attribute`, help in one line). A module is imported when its command is wanted."""

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *self.lazy]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, attribute = self.lazy[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any of them."""
        told = [(name, command.get_short_help_str()) for name, command in self.commands.items()]
        told += [(name, text) for name, (_, text) in self.lazy.items()]
        with formatter.section("Commands"):
            formatter.write_dl(told)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1, cutoff=0.5)
            hint = f'; did you mean "{close[0]}"?' if close else f'; "{ctx.command_path} --help" lists them'
            raise click.UsageError(f'unknown command "{args[0]}" for "{ctx.command_path}"{hint}')
        return super().resolve_command(ctx, args)
