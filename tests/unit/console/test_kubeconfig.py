"""The kubeconfig file is shared with kubectl and others: what they put there must survive, what we put there must work."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from console import kubeconfig
from console.kubeconfig import KubeconfigError, load, remove_context, write_context
from controlplane.api import yaml_text
from controlplane.client.connection import Impersonation


def write(path: Path, name: str = "orlop", **more: object) -> None:
    write_context(
        path, name, server="https://192.168.66.1:6443", grpc="192.168.66.1:6444",
        ca=b"CA", certificate=b"CERT", key=b"KEY", **more)  # type: ignore[arg-type]  # fmt: skip


def lab(tmp_path: Path, **cluster: object) -> Path:
    """A file as a person writes it: paths beside it, a field and an entry that nobody here knows."""
    path = tmp_path / "config"
    (tmp_path / "ca.crt").write_bytes(b"FILE CA")
    (tmp_path / "me.crt").write_bytes(b"FILE CERT")
    (tmp_path / "me.key").write_bytes(b"FILE KEY")
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {"colors": True},
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": {
            "server": "https://h:6443", "certificate-authority": "ca.crt",
            "extensions": [{"name": "orlop", "extension": {"grpc": "h:6444"}}], **cluster}}],
        "users": [{"name": "me", "user": {"client-certificate": "me.crt", "client-key": "me.key"}},
                  {"name": "robot", "user": {"exec": {"command": "login"}}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me", "namespace": "shop"}},
                     {"name": "odd", "context": {"cluster": "lab", "user": "robot"}},
                     {"name": "torn", "context": {"cluster": "gone", "user": "me"}}],
    }  # fmt: skip
    path.write_text(yaml_text.dump(document))
    return path


def test_a_written_context_leads_to_its_cluster(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config"
    write(path)
    found = load(str(path)).connection()
    assert (found.address, found.ca, found.certificate, found.key) == ("192.168.66.1:6444", b"CA", b"CERT", b"KEY")
    assert found.server_name == "kubernetes"


def test_a_written_context_says_where_tokens_go(tmp_path: Path) -> None:
    path = tmp_path / "config"
    write(path, tokens="192.168.66.1:6445")
    (extension,) = load(str(path)).clusters["orlop"].content["extensions"]
    assert extension["extension"] == {"grpc": "192.168.66.1:6444", "tokens": "192.168.66.1:6445"}


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    path = lab(tmp_path)
    path.chmod(0o644)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_writing_leaves_nothing_else_behind(tmp_path: Path) -> None:
    path = tmp_path / "config"
    write(path)
    assert [file.name for file in tmp_path.iterdir()] == ["config"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    path, link = lab(tmp_path), tmp_path / "link"
    link.symlink_to(path)
    write(link)
    assert link.is_symlink()
    assert "orlop" in load(str(path)).contexts


def test_what_others_have_written_is_kept(tmp_path: Path) -> None:
    path = lab(tmp_path)
    write(path)
    document = yaml_text.load_all(path.read_text())[0].value
    assert document["preferences"] == {"colors": True}
    assert [user["name"] for user in document["users"]] == ["me", "robot", "orlop"]
    assert document["users"][1]["user"] == {"exec": {"command": "login"}}
    assert document["current-context"] == "orlop"


def test_a_context_is_replaced_not_added_twice(tmp_path: Path) -> None:
    path = tmp_path / "config"
    write(path)
    write(path)
    assert list(load(str(path)).contexts) == ["orlop"]


def test_a_context_can_be_written_without_switching_to_it(tmp_path: Path) -> None:
    path = lab(tmp_path)
    write(path, make_current=False)
    assert load(str(path)).current_context == "lab"


def test_removing_a_context_takes_its_cluster_and_user_and_nothing_else(tmp_path: Path) -> None:
    path = lab(tmp_path)
    write(path)
    remove_context(path, "orlop")
    config = load(str(path))
    assert (list(config.contexts), list(config.clusters)) == (["lab", "odd", "torn"], ["lab"])
    assert config.current_context == ""


def test_removing_from_a_file_that_does_not_exist_makes_none(tmp_path: Path) -> None:
    remove_context(tmp_path / "config", "orlop")
    assert not (tmp_path / "config").exists()


def test_certificates_may_stand_in_files_beside_the_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lab(tmp_path)
    monkeypatch.chdir("/")
    found = load(str(path)).connection("lab")
    assert (found.ca, found.certificate, found.key) == (b"FILE CA", b"FILE CERT", b"FILE KEY")


def test_inline_data_wins_over_a_file(tmp_path: Path) -> None:
    path = lab(tmp_path, **{"certificate-authority-data": base64.b64encode(b"INLINE").decode()})
    assert load(str(path)).connection().ca == b"INLINE"


def with_user(tmp_path: Path, user: dict[str, object]) -> Path:
    path = lab(tmp_path, extensions=[{"name": "orlop", "extension": {"grpc": "h:6444", "tokens": "h:6445"}}])
    kubeconfig.change(path, lambda document: kubeconfig.set_entry(document, "users", "me", user))
    return path


def test_a_user_with_a_token_goes_to_the_port_for_tokens(tmp_path: Path) -> None:
    found = load(str(with_user(tmp_path, {"token": "abc"}))).connection()
    assert (found.address, found.token, found.certificate) == ("h:6445", "abc", b"")


def test_a_token_file_is_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    found = load(str(with_user(tmp_path, {"tokenFile": "token", "token": "old"}))).connection()
    assert (found.address, found.token_file) == ("h:6445", tmp_path / "token")


def test_a_certificate_goes_before_a_token(tmp_path: Path) -> None:
    user = {"client-certificate": "me.crt", "client-key": "me.key", "token": "abc"}
    found = load(str(with_user(tmp_path, user))).connection()
    assert (found.address, found.certificate, found.token) == ("h:6444", b"FILE CERT", "")


def test_a_user_may_act_as_another(tmp_path: Path) -> None:
    user = {"token": "abc", "as": "ben", "as-groups": ["team"], "as-uid": "7", "as-user-extra": {"scopes": ["read"]}}
    found = load(str(with_user(tmp_path, user))).connection()
    assert found.impersonate == Impersonation("ben", ("team",), "7", (("scopes", ("read",)),))


def test_a_cluster_without_a_port_for_tokens_says_so(tmp_path: Path) -> None:
    path = lab(tmp_path)
    kubeconfig.change(path, lambda document: kubeconfig.set_entry(document, "users", "me", {"token": "abc"}))
    with pytest.raises(KubeconfigError, match="no extension named orlop with a tokens address"):
        load(str(path)).connection()


def test_a_context_brings_its_namespace(tmp_path: Path) -> None:
    config = load(str(lab(tmp_path)))
    assert (config.namespace(), config.namespace("odd")) == ("shop", "default")


def test_of_several_files_the_first_that_has_an_entry_counts(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    first, second = lab(tmp_path / "one"), tmp_path / "two"
    write(second)
    write(second, "lab")
    env = {"KUBECONFIG": f"{first}:{tmp_path / 'missing'}:{second}"}
    config = load(env=env)
    assert config.current_context == "lab"
    assert config.connection().address == "h:6444"
    assert config.connection("orlop").address == "192.168.66.1:6444"
    assert config.home == first


def test_without_any_file_there_is_nothing_in_it(tmp_path: Path) -> None:
    config = load(env={"KUBECONFIG": str(tmp_path / "none")})
    assert (config.contexts, config.current_context, config.namespace()) == ({}, "", "default")
    assert config.home == tmp_path / "none"


def test_the_default_file_is_the_users_own() -> None:
    assert kubeconfig.paths("", {}) == [Path.home() / ".kube" / "config"]


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ("nope", 'context "nope" does not exist'),
        ("torn", 'names cluster "gone", which does not exist'),
        ("odd", 'user "robot" .* has no client certificate'),
    ],
)
def test_a_context_that_leads_nowhere_says_why(tmp_path: Path, context: str, told: str) -> None:
    config = load(str(lab(tmp_path)))
    with pytest.raises(KubeconfigError, match=told):
        config.connection(context)


def test_without_a_context_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="start a cluster with: orlop up"):
        load(env={"KUBECONFIG": str(tmp_path / "none")}).connection()


def test_a_cluster_that_is_not_ours_is_told_apart(tmp_path: Path) -> None:
    config = load(str(lab(tmp_path, extensions=[])))
    with pytest.raises(KubeconfigError, match="no extension named orlop"):
        config.connection()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("clusters: [", "line 2"),
        ("- a\n- b\n", "not a kubeconfig file"),
        ("clusters: yes\n", "clusters must be a list"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(KubeconfigError, match=f"(?s){path}.*{told}"):
        load(str(path))


def test_data_that_is_not_base64_is_told(tmp_path: Path) -> None:
    config = load(str(lab(tmp_path, **{"certificate-authority-data": "not base64!"})))
    with pytest.raises(KubeconfigError, match="certificate-authority-data is not base64"):
        config.connection()


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="no such kubeconfig file"):
        load(str(tmp_path / "none"))
