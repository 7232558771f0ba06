"""What is asked of Docker and how its answers are read, without Docker."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from dataplane.runtime import labels, oom, pause
from dataplane.runtime.configs import Setting, container_config, sandbox_config
from dataplane.runtime.records import image_of, pod_record
from dataplane.runtime.types import ContainerSpec, Mount, PodName, Resources, SandboxSpec, Security, State

POD = PodName("shop", "web", "u1")
SETTING = Setting("node-1", "/orlop/node-1/u1")


def inspected(**more: object) -> dict[str, object]:
    spec = ContainerSpec(POD, "web", "nginx:1", attempt=2, backoff_seconds=20, spec_hash="h")
    state = {"Status": "running", "Running": True, "Pid": 7, "ExitCode": 0, "OOMKilled": False, "Error": "",
             "StartedAt": "2026-11-22T07:18:30.5Z", "FinishedAt": "0001-01-01T00:00:00Z"}  # fmt: skip
    state |= more
    return {
        "Id": "c1", "Image": "sha256:9", "Created": "2026-11-22T07:18:29.123456789Z", "State": state,
        "Config": {"Image": "nginx:1", "Labels": labels.of_container("node-1", "s1", spec)}}  # fmt: skip


def test_a_sandbox_has_no_network_of_the_engine_s() -> None:
    config = sandbox_config(SandboxSpec(POD, hostname="web"), SETTING, image="pause:1")
    host = config["HostConfig"]
    assert (host["NetworkMode"], host["IpcMode"], host["CgroupParent"]) == ("none", "shareable", "/orlop/node-1/u1")
    assert config["Hostname"] == "web"


def test_a_container_joins_its_sandbox() -> None:
    spec = ContainerSpec(
        POD, "web", "nginx:1", command=["serve"], env=[("A", "1")], mounts=[Mount("/a", "/b", read_only=True)],
        resources=Resources(cpu_shares=512, memory_bytes=64), security=Security(user="7:8"),
        share_processes=True)  # fmt: skip
    config = container_config(spec, "s1", SETTING)
    host = config["HostConfig"]
    assert {host["NetworkMode"], host["IpcMode"], host["PidMode"]} == {"container:s1"}
    assert (config["Entrypoint"], config["Env"], config["User"]) == (["serve"], ["A=1"], "7:8")
    assert "Cmd" not in config
    assert host["Binds"] == ["/a:/b:ro"]
    assert (host["CpuShares"], host["Memory"], host["MemorySwap"]) == (512, 64, 64)
    assert "CpuQuota" not in host


def test_an_engine_without_the_right_is_not_asked_to_lower_scores() -> None:
    spec = ContainerSpec(POD, "web", "nginx:1", resources=Resources(oom_score_adjust=-997))
    assert container_config(spec, "s1", SETTING)["HostConfig"]["OomScoreAdj"] == 0
    able = Setting("node-1", "/x", lowest_oom_score=-998)
    assert container_config(spec, "s1", able)["HostConfig"]["OomScoreAdj"] == -997


@pytest.mark.parametrize(("capabilities", "lowest"), [("000001ffffffffff", -998), ("000001fffeffffff", 0)])
def test_the_right_to_lower_scores_is_a_capability(tmp_path: Path, capabilities: str, lowest: int) -> None:
    status = tmp_path / "status"
    status.write_text(f"Name:\tagent\nCapEff:\t{capabilities}\n")
    assert oom.lowest_score(status) == lowest


def test_a_running_container_is_read_back_as_it_was_asked_for() -> None:
    (record,) = pod_record(POD, [inspected()]).containers
    assert (record.name, record.sandbox, record.attempt, record.backoff_seconds) == ("web", "s1", 2, 20)
    assert (record.state, record.pid, record.spec_hash) == (State.RUNNING, 7, "h")
    assert record.started_at - record.created_at == pytest.approx(1.376544, abs=1e-5)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"Status": "exited", "ExitCode": 0}, "Completed"),
        ({"Status": "exited", "ExitCode": 1}, "Error"),
        ({"Status": "exited", "ExitCode": 137, "OOMKilled": True}, "OOMKilled"),
        ({"Status": "created", "ExitCode": 127, "StartedAt": "0001-01-01T00:00:00Z"}, "ContainerCannotRun"),
        ({"Status": "dead", "ExitCode": 1}, "Error"),
    ],
)
def test_ends_are_told_in_kubernetes_words(state: dict[str, object], reason: str) -> None:
    (record,) = pod_record(POD, [inspected(Running=False, FinishedAt="2026-11-22T07:18:31Z", **state)]).containers
    assert (record.state, record.reason) == (State.EXITED, reason)
    assert 0 < record.started_at <= record.finished_at


def test_a_container_that_was_only_made_is_not_taken_for_one_that_ended() -> None:
    (record,) = pod_record(POD, [inspected(Status="created", Running=False)]).containers
    assert record.state is State.CREATED


def test_an_image_is_named_by_its_digest_where_it_has_one() -> None:
    found = image_of({"Id": "sha256:1", "RepoTags": ["a:1"], "RepoDigests": ["a@sha256:2"], "Size": 3})
    assert (found.reference, found.names) == ("docker-pullable://a@sha256:2", ("a:1", "a@sha256:2"))
    assert image_of({"Id": "sha256:1", "RepoTags": None}).reference == "docker://sha256:1"
    assert [image_of({"Id": "1", "Config": config}).user for config in (None, {}, {"User": "1000:0"})] == ["", "", "1000:0"]


def test_the_pause_image_holds_one_program_and_says_how_to_run_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(pause.image())) as outer:
        files = {one.name: outer.extractfile(one) for one in outer}
        (manifest,) = json.load(files["manifest.json"])  # type: ignore[arg-type]
        assert manifest["RepoTags"] == [pause.IMAGE]
        config = json.load(files[manifest["Config"]])  # type: ignore[arg-type]
        assert config["config"]["Entrypoint"] == ["/pause"]
        with tarfile.open(fileobj=files["layer.tar"]) as layer:
            (program,) = layer.getmembers()
            assert (program.name, program.mode, program.size) == ("pause", 0o755, len(pause.program()))
    assert pause.image() == pause.image()
