"""In a real pseudo-terminal: what only shows there. Esc, the terminal's own state, and every byte that reaches it."""

from __future__ import annotations

import re

from tests.console.terminal import in_terminal

# What Textual may write: cursor, colour and mode sequences; its own queries for modes and keyboard protocol.
_OURS = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[=>78M]|\x1b\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\|\x1b_[^\x1b]*\x1b\\"
)
_ENTER, _LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


def test_it_is_used_with_keys_and_leaves_the_terminal_as_it_was() -> None:
    with in_terminal("shop") as terminal:
        terminal.until("CrashLoopBackOff")
        assert _ENTER in terminal.output
        terminal.press(":deploy\r")
        terminal.until("nginx:1.24")
        terminal.press("d")
        terminal.until("RollingUpdateStrategy")
        terminal.press("\x1b")
        terminal.until("UP-TO-DATE")
        terminal.press("qq")
        assert terminal.wait_for_exit() == 0
        assert terminal.output.rindex(_LEAVE) > terminal.output.rindex(_ENTER)
        assert terminal.output.rindex(b"\x1b[?25h") > 0, "the cursor is shown again"


def test_esc_is_felt_at_once() -> None:
    """Terminals send the rest of a key's sequence within milliseconds; waiting a tenth of a second for it feels slow."""
    with in_terminal("shop") as terminal:
        terminal.until("CrashLoopBackOff")
        took: list[float] = []
        for _ in range(7):
            terminal.rest()
            terminal.press("?")
            terminal.until("everywhere")
            terminal.rest()
            terminal.press("\x1b")
            took.append(terminal.until("CrashLoop"))
        assert min(took) < 0.095, took


def test_hostile_text_reaches_the_terminal_only_as_text() -> None:
    with in_terminal("hostile", columns=160, rows=50) as terminal:
        terminal.until("api-6d4f8c9b7-2kxqp")
        for keys in ("\x06", "\x06", "\x06", "j", "d", "\x1b", "y", "\x1b", ":ev\r", "\x1b", "/api\r", "l"):
            terminal.press(keys)
            terminal.rest()
        assert b"hostile log" in terminal.output
        left = _OURS.sub(b"", terminal.output)
        assert b"pwn" not in b"".join(_OURS.findall(terminal.output))
        assert not set(left) & (set(range(0x20)) - {0x0A, 0x0D}), sorted(set(left) & set(range(0x20)))
        assert b"\x7f" not in left
        text = left.decode("utf-8")
        assert not any(0x80 <= ord(character) < 0xA0 for character in text)
        assert "\u202e" not in text
