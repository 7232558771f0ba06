"""The command line's options for tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from controlplane.server.authn.options import settings, with_token_options
from controlplane.server.authn.settings import DEFAULT_ISSUER, TokenSettings


def new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


OWN, OTHER = new_key(), new_key()


def read(*words: str, own_key: bytes | None = OWN) -> TokenSettings:
    @click.command()
    @with_token_options
    def command(**values: Any) -> TokenSettings:
        return settings(values, own_key)

    found: TokenSettings = command.main(list(words), standalone_mode=False)
    return found


def test_without_options_the_clusters_own_key_signs_for_the_api_server() -> None:
    found = read()
    assert (found.signing_key, found.issuers, found.own_audiences) == (OWN, (DEFAULT_ISSUER,), (DEFAULT_ISSUER,))


def test_keys_issuers_audiences_and_users_are_named_by_options(tmp_path: Path) -> None:
    (tmp_path / "new.key").write_bytes(OTHER)
    (tmp_path / "old.key").write_bytes(OWN)
    (tmp_path / "tokens.csv").write_text("abc,ann,1\n")
    found = read(
        f"--service-account-signing-key-file={tmp_path}/new.key", f"--service-account-key-file={tmp_path}/old.key",
        "--service-account-issuer=https://new", "--service-account-issuer=https://old", "--api-audiences=api,vault",
        f"--token-auth-file={tmp_path}/tokens.csv",
    )  # fmt: skip
    assert (found.signing_key, found.older_keys) == (OTHER, (OWN,))
    assert (found.issuers, found.own_audiences) == (("https://new", "https://old"), ("api", "vault"))
    assert [user.name for user in found.static.values()] == ["ann"]


def test_what_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match=r"make one with `python -m controlplane[.]main pki`"):
        read(own_key=None)
    with pytest.raises(click.ClickException, match="none: No such file"):
        read(f"--token-auth-file={tmp_path}/none")
    (tmp_path / "tokens.csv").write_text("abc,ann\n")
    with pytest.raises(click.ClickException, match=r"tokens\.csv: line 1: "):
        read(f"--token-auth-file={tmp_path}/tokens.csv")
    (tmp_path / "bad.key").write_text("nothing")
    with pytest.raises(click.ClickException, match="service accounts' keys: "):
        read(f"--service-account-signing-key-file={tmp_path}/bad.key")
