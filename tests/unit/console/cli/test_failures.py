"""Errors in kubectl's words: people search for them, scripts match them."""

from __future__ import annotations

import pytest

from console.cli.failures import CommandError, told
from console.kubeconfig import KubeconfigError
from controlplane.api import errors
from controlplane.api.errors import Problem

IMAGE = Problem("spec.containers[0].image", "Required value", "FieldValueRequired")
NAME = Problem("spec.containers[1].name", 'Duplicate value: "a"', "FieldValueDuplicate")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.not_found("pods", "x"), 'Error from server (NotFound): pods "x" not found'),
        (errors.Conflict("changed meanwhile"), "Error from server (Conflict): changed meanwhile"),
        (errors.StatusError("broken"), "Error from server (InternalError): broken"),
        (errors.invalid("pods", "web", [IMAGE]), 'The Pod "web" is invalid: spec.containers[0].image: Required value'),
        (
            errors.invalid("pods", "web", [IMAGE, NAME]),
            'The Pod "web" is invalid: \n* spec.containers[0].image: Required value\n'
            '* spec.containers[1].name: Duplicate value: "a"',
        ),
        (CommandError("what is that"), "error: what is that"),
        (KubeconfigError("no file"), "error: no file"),
        (ExceptionGroup("several", [CommandError("inside")]), "error: inside"),
    ],
)
def test_a_failure_is_told_as_kubectl_does(error: Exception, text: str) -> None:
    assert told(error) == text


def test_what_was_being_done_is_told_too() -> None:
    error = errors.AlreadyExists('pods "x" already exists')
    assert told(error, 'when creating "a.yaml"') == (
        'Error from server (AlreadyExists): error when creating "a.yaml": pods "x" already exists'
    )


def test_a_bug_is_not_dressed_up_as_a_failure() -> None:
    with pytest.raises(ZeroDivisionError):
        told(ZeroDivisionError())
