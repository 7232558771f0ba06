"""The cluster's keys as files."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from controlplane.server.pki import Directory


def test_the_key_for_tokens_is_made_once_and_its_public_half_fits(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "pki")
    assert directory.token_key() is None
    key = directory.ensure_token_key()
    assert directory.ensure_token_key() == directory.token_key() == key
    public = serialization.load_pem_private_key(key, None).public_key()
    assert serialization.load_pem_public_key((directory.path / "sa.pub").read_bytes()) == public


def test_only_its_owner_reads_the_key_for_tokens(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "pki")
    directory.ensure_token_key()
    assert stat.S_IMODE((directory.path / "sa.key").stat().st_mode) == 0o600
