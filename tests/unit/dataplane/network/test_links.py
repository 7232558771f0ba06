"""Names of pods' links."""

from __future__ import annotations

from dataplane.network.links import is_link_name, link_name


def test_link_names_follow_from_the_uid_and_fit_the_kernel() -> None:
    uid = "3c6d1f3e-8a5b-4d0c-9f52-0b5d4f1f6a11"
    assert link_name(uid) == link_name(uid)
    assert link_name(uid) != link_name(uid[::-1])
    assert len(link_name(uid)) == 15
    assert is_link_name(link_name(uid))
    assert not is_link_name("eth0")
