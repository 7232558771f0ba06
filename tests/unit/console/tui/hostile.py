"""Text that has taken terminals and interfaces down, and a Hypothesis strategy that makes more of it."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

CASES = (
    "[/]", "[/", "[red]x", "[0] a", "a [b/c] d", "[true, false]", "[@click=app.quit]x[/]", "$foreground", "\\[",
    "\x1b[31mred\x1b[0m", "\x1b]0;pwn\x07t", "\x1b]52;c;cHdu\x1b\\", "\x1b[2J\x1b[H", "\x1b", "\x1bc", "\x9b31m",
    "\x90q\x9c", "\x1b[", "\x1b]8;;http://x\x1b\\link", "ok\x00nul", "a\rb", "a\x08\x08b", "x\ty", "a\nb", "\x7f", "\x85",
    "e\u0301", "z\u0335\u0336\u0337\u0338algo", "👩‍👩‍👧", "👍🏽", "❤️", "🇩🇪", "日本語", "ｆｕｌｌ",
    "\u202egnp.exe", "a\u200bb", "\u2066x\u2069",
    "\ufeffbom", "\u2028line", "\ue000private", "\U000e0041tag", "\ufdfd", "क्षि", "نص", "\u00ad", "\ud800",
)  # fmt: skip

_PIECES = st.one_of(
    st.sampled_from(CASES),
    st.text(max_size=20),
    st.text(alphabet=st.characters(categories=["Cc", "Cf", "Mn", "So", "Lo", "Co"]), max_size=8),
    st.binary(max_size=12).map(lambda raw: raw.decode("utf-8", "replace")),
)
texts = st.lists(_PIECES, max_size=6).map("".join)


def is_safe(text: str) -> bool:
    """No character that a terminal acts on or that moves its neighbours."""
    return all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for character in text)
