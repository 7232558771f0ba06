"""Colours. One accent; three for states, which are told by shape and word first; the rest are greys.

The stylesheet speaks of roles (`$dim`, `$wait`); a theme gives them colours. `name` is what `:theme` takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.theme import Theme


@dataclass(frozen=True, slots=True)
class Palette:
    name: str
    dark: bool
    ground: str
    bar: str
    cursor: str
    line: str
    text: str
    strong: str
    dim: str
    faint: str
    accent: str
    ok: str
    wait: str
    bad: str
    found: str


DARK = Palette(
    name="dark", dark=True,
    ground="#0f1317", bar="#161c22", cursor="#1c2b34", line="#2a333c",
    text="#cdd3d9", strong="#eef1f4", dim="#87919c", faint="#505a65",
    accent="#62b6c4", ok="#79b184", wait="#dba95c", bad="#e5736d", found="#2f5560",
)  # fmt: skip

LIGHT = Palette(
    name="light", dark=False,
    ground="#fbfbf9", bar="#f0f1ef", cursor="#dcebef", line="#d5d9dc",
    text="#2b3137", strong="#0d1114", dim="#68717a", faint="#a9b0b7",
    accent="#0b7285", ok="#3a7d44", wait="#9a6300", bad="#b3261e", found="#b5dde6",
)  # fmt: skip

PALETTES = (DARK, LIGHT)


def theme_of(palette: Palette) -> Theme:
    roles = ("ground", "bar", "cursor", "line", "strong", "dim", "faint", "ok", "wait", "bad", "found")
    return Theme(
        name=palette.name,
        dark=palette.dark,
        primary=palette.accent,
        accent=palette.accent,
        foreground=palette.text,
        background=palette.ground,
        surface=palette.bar,
        panel=palette.bar,
        success=palette.ok,
        warning=palette.wait,
        error=palette.bad,
        variables={role: getattr(palette, role) for role in roles},
    )
