"""Makes text from the cluster safe to draw. Every string passes here once, where it enters the model.

What comes out has no control bytes (a terminal would act on them), no characters that reorder or join their neighbours, and
only characters of one or two cells, so that what is measured here is what the terminal shows. Combining marks that have no
composed form are dropped: terminals disagree on their width.
"""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len, get_character_cell_size

# Stands for a character that cannot be drawn.
REPLACEMENT = "·"
ELLIPSIS = "…"
TAB_WIDTH = 8
# Longer lines are of no use on a screen and would make every search and redraw slow.
LONGEST_LINE = 16_384

# Whole escape sequences, so that a coloured log does not leave "[31m" behind: CSI, OSC and other strings, two-byte escapes.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"
    r"|\x1b[ -/]*[0-~]"
)
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_FIRST_LETTER_INDICATOR, _LAST_LETTER_INDICATOR = 0x1F1E6, 0x1F1FF
_FIRST_SKIN_TONE, _LAST_SKIN_TONE = 0x1F3FB, 0x1F3FF


def clean(text: str) -> str:
    """`text` as one line: line ends and tabs become spaces."""
    if text.isascii() and text.isprintable():
        return text[:LONGEST_LINE]
    return _drawable(_ESCAPES.sub("", text)[:LONGEST_LINE])


def clean_line(text: str) -> str:
    """One line of a longer text, tabs widened to the next stop."""
    if text.isascii() and text.isprintable():
        return text[:LONGEST_LINE]
    return _drawable(_ESCAPES.sub("", text).expandtabs(TAB_WIDTH)[:LONGEST_LINE])


def clean_lines(text: str) -> list[str]:
    """The lines of `text`; what follows the last line end counts only if there is something."""
    lines = _LINE_ENDS.split(text)
    if lines and not lines[-1]:
        lines.pop()
    return [clean_line(line) for line in lines]


def width(text: str) -> int:
    """Cells that a cleaned text takes."""
    return len(text) if text.isascii() else cell_len(text)


def crop(text: str, cells: int) -> str:
    """The beginning of a cleaned text, at most `cells` wide."""
    if text.isascii() or len(text) * 2 <= cells:
        return text[: max(cells, 0)]
    taken = 0
    for index, character in enumerate(text):
        taken += get_character_cell_size(character)
        if taken > cells:
            return text[:index]
    return text


def shorten(text: str, cells: int, *, keep_end: int = 0) -> str:
    """`text` in at most `cells`; where something had to go stands an ellipsis, `keep_end` characters before the end."""
    if width(text) <= cells:
        return text
    if cells <= 1:
        return ELLIPSIS[:cells]
    end = text[-keep_end:] if 0 < keep_end < cells - 4 else ""
    return crop(text, cells - 1 - width(end)) + ELLIPSIS + end


def pad(text: str, cells: int, *, right: bool = False, keep_end: int = 0) -> str:
    """`text` in exactly `cells`."""
    text = shorten(text, cells, keep_end=keep_end)
    space = " " * (cells - width(text))
    return space + text if right else text + space


def _drawable(text: str) -> str:
    return "".join(map(_character, unicodedata.normalize("NFC", text)))


def _character(character: str) -> str:
    if character.isascii():
        return _ascii(character)
    code = ord(character)
    if _FIRST_LETTER_INDICATOR <= code <= _LAST_LETTER_INDICATOR:
        return chr(ord("A") + code - _FIRST_LETTER_INDICATOR)
    if _FIRST_SKIN_TONE <= code <= _LAST_SKIN_TONE:
        return ""
    match unicodedata.category(character):
        case "Cf" | "Mn" | "Me" | "Mc":
            return ""
        case "Cc" | "Cs" | "Co" | "Cn":
            return REPLACEMENT
        case "Zs" | "Zl" | "Zp":
            return " "
    return character if get_character_cell_size(character) else ""


def _ascii(character: str) -> str:
    if character in "\t\n\r":
        return " "
    return character if character.isprintable() else REPLACEMENT
