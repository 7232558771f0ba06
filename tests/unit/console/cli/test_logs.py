"""Which container's output is shown, and how several are kept apart."""

from __future__ import annotations

from typing import Any

import pytest

from console.cli.failures import CommandError
from console.cli.logs import Output, Request, Stream, most_telling, streams
from protos.v1 import core_pb2 as core
from tests.console import samples


def request(**flags: Any) -> Request:
    given = {
        "container": "", "all_containers": False, "follow": False, "previous": False, "since_seconds": None, "tail": -1,
        "timestamps": False, "prefix": False, "most_streams": 5, **flags,
    }  # fmt: skip
    return Request(**given)


def names(pod: core.Pod, **flags: Any) -> list[str]:
    return [stream.container for stream in streams(pod, request(**flags))]


def test_the_first_container_is_the_default_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert names(samples.full_pod()) == ["web"]
    assert capsys.readouterr().err == 'Defaulted container "web" out of: web, sidecar, init-0 (init)\n'


def test_a_pod_with_one_container_needs_no_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert names(samples.pod("web")) == ["web"]
    assert capsys.readouterr().err == ""


def test_an_annotation_may_name_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    pod = samples.full_pod()
    pod.metadata.annotations["kubectl.kubernetes.io/default-container"] = "sidecar"
    assert names(pod) == ["sidecar"]
    assert capsys.readouterr().err == ""


def test_all_containers_include_those_that_initialize() -> None:
    assert names(samples.full_pod(), all_containers=True) == ["init-0", "web", "sidecar"]


def test_an_init_container_may_be_asked_for() -> None:
    assert names(samples.full_pod(), container="init-0") == ["init-0"]


def test_a_container_that_is_not_there_is_refused() -> None:
    with pytest.raises(CommandError, match="container db is not valid for pod web-1; it has init-0, web, sidecar"):
        names(samples.full_pod(), container="db")


def test_of_several_pods_the_one_that_runs_is_picked() -> None:
    pending = samples.pod("a", "Pending", node="")
    waiting = samples.pod("b", "Pending")
    unready = samples.pod("c", statuses=(samples.waiting(),))
    ready = samples.pod("d", statuses=(samples.running(),))
    younger = samples.pod("e", statuses=(samples.running(),), created=10)
    assert most_telling([pending, waiting, unready, ready]) is ready
    assert most_telling([ready, younger]) is younger
    assert most_telling([pending, waiting]) is waiting


A, B = Stream("default", "web-1", "web"), Stream("default", "web-2", "web")


def test_one_stream_is_passed_on_byte_by_byte(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    output = Output(by_line=False, prefix=False)
    output.write(A, b"no line end \xff")
    output.end(A)
    assert capsysbinary.readouterr().out == b"no line end \xff"


def test_streams_that_meet_are_mixed_by_whole_lines(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    output = Output(by_line=True, prefix=False)
    output.write(A, b"one ")
    output.write(B, b"two\nthr")
    output.write(A, b"more\n")
    output.end(A)
    output.end(B)
    assert capsysbinary.readouterr().out == b"two\none more\nthr\n"


def test_a_prefix_names_pod_and_container_on_every_line(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    output = Output(by_line=True, prefix=True)
    output.write(A, b"one\ntwo")
    output.end(A)
    assert capsysbinary.readouterr().out == b"[pod/web-1/web] one\n[pod/web-1/web] two\n"
