"""The spellings of names, keys and addresses, at their edges."""

import pytest

from controlplane.api import names


@pytest.mark.parametrize(
    ("check", "sound", "wrong"),
    [
        (names.dns_label, ["a", "1", "a-1", "a" * 63], ["", "-a", "a-", "A", "a.b", "a" * 64, "é", "a\n"]),
        (names.dns_1035_label, ["a", "a-1"], ["1", "1a", "-a", "a" * 64]),
        (names.dns_subdomain, ["a", "a.b-c.1", "a" * 253], ["", ".a", "a.", "a..b", "a.-b", "a_b", "a" * 254]),
        (
            names.qualified_name,
            ["a", "A_b.c-1", "example.com/A", "a" * 63],
            ["", "/", "/a", "a/", "A.com/a", "a/b/c", "-a", "a" * 64, "a b"],
        ),
        (names.label_value, ["", "a", "A_b.c-1", "a" * 63], ["-a", "a-", "a/b", "a b", "a" * 64, "a\n"]),
        (names.config_key, ["a", "A_b.c-1", ".a", "-"], ["", ".", "..", "..a", "a/b", "a b", "a" * 254]),
        (names.port_name, ["a", "http-1", "1a"], ["", "1", "a--b", "-a", "a-", "A", "a" * 16]),
        (names.env_name, ["A", "a.b", "a b", "1"], ["", "a=b", "é", "a\n"]),
        (names.percent, ["0%", "25%", "100%"], ["", "%", "25", "-1%", "1.5%"]),
        (names.ip_address, ["10.0.0.1", "fd00::1"], ["", "10.0.0", "10.0.0.256", "010.0.0.1", "a"]),
        (names.cidr, ["10.0.0.0/8", "10.0.0.1/8", "fd00::/64"], ["", "10.0.0.0", "10.0.0.0/33", "a/8"]),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_spelling_is_sound_or_told_wrong(check: names.Check, sound: list[str], wrong: list[str]) -> None:
    assert [text for text in sound if check(text)] == []
    assert [text for text in wrong if not check(text)] == []
