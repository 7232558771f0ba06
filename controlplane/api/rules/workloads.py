"""Rules for what makes pods: Deployments and ReplicaSets."""

from __future__ import annotations

from controlplane.api import labels, names
from controlplane.api.encoding import message_to_dict
from controlplane.api.errors import Problem
from controlplane.api.rules.metadata import check_selector
from controlplane.api.rules.places import Place
from controlplane.api.rules.pods import check_template
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

_STRATEGIES = ("Recreate", "RollingUpdate")
_Selecting = apps.DeploymentSpec | apps.ReplicaSetSpec | apps.StatefulSetSpec | apps.DaemonSetSpec


def check_deployment(at: Place, deployment: apps.Deployment) -> None:
    spec, place = deployment.spec, at / "spec"
    (place / "replicas").at_least_zero(spec.replicas)
    (place / "minReadySeconds").at_least_zero(spec.min_ready_seconds)
    (place / "revisionHistoryLimit").at_least_zero(spec.revision_history_limit)
    _check_deadline(place / "progressDeadlineSeconds", spec)
    _check_strategy(place / "strategy", spec.strategy)
    _check_pods(place, spec, owner="deployment")


def check_replica_set(at: Place, replica_set: apps.ReplicaSet) -> None:
    spec, place = replica_set.spec, at / "spec"
    (place / "replicas").at_least_zero(spec.replicas)
    (place / "minReadySeconds").at_least_zero(spec.min_ready_seconds)
    _check_pods(place, spec, owner="replicaset")


def check_deployment_update(at: Place, old: apps.Deployment, new: apps.Deployment) -> None:
    (at / "spec" / "selector").unchanged(old.spec.selector, new.spec.selector)


def check_replica_set_update(at: Place, old: apps.ReplicaSet, new: apps.ReplicaSet) -> None:
    (at / "spec" / "selector").unchanged(old.spec.selector, new.spec.selector)


def _check_deadline(at: Place, spec: apps.DeploymentSpec) -> None:
    if not spec.HasField("progress_deadline_seconds"):
        return
    at.at_least_zero(spec.progress_deadline_seconds)
    if spec.progress_deadline_seconds <= spec.min_ready_seconds:
        at.invalid(spec.progress_deadline_seconds, "must be greater than minReadySeconds")


def _check_strategy(at: Place, strategy: apps.DeploymentStrategy) -> None:
    (at / "type").one_of(strategy.type, _STRATEGIES)
    if strategy.type == "Recreate" and strategy.HasField("rolling_update"):
        (at / "rollingUpdate").forbidden("may not be specified when strategy `type` is 'Recreate'")
    if strategy.type != "RollingUpdate":
        return
    rolling, place = strategy.rolling_update, at / "rollingUpdate"
    unavailable = check_share(place / "maxUnavailable", rolling.max_unavailable)
    surge = check_share(place / "maxSurge", rolling.max_surge)
    if unavailable == surge == 0:
        (place / "maxUnavailable").invalid(
            message_to_dict(rolling.max_unavailable), "may not be 0 when `maxSurge` is 0; no pod could ever be replaced"
        )
    if rolling.max_unavailable.type and (unavailable or 0) > 100:
        (place / "maxUnavailable").invalid(rolling.max_unavailable.str_val, "must not be greater than 100%")


def check_share(at: Place, share: meta.IntOrString) -> int | None:
    """The number, be it of pods or per cent; None for what is neither."""
    if not share.type:
        at.at_least_zero(share.int_val)
        return share.int_val
    if wrong := names.percent(share.str_val):
        at.invalid(share.str_val, wrong)
        return None
    return int(share.str_val.removesuffix("%"))


def _check_pods(at: Place, spec: apps.DeploymentSpec | apps.ReplicaSetSpec, *, owner: str) -> None:
    check_own_selector(at / "selector", spec, owner=owner)
    if not spec.HasField("template"):
        (at / "template").required("describe the pods to run")
        return
    check_template_of(at / "template", spec.selector, spec.template)
    check_runs_on(at / "template" / "spec", spec.template.spec)


def check_template_of(at: Place, selector: meta.LabelSelector, template: core.PodTemplateSpec) -> None:
    """The template, which must have the labels that its owner selects."""
    if _is_sound(selector) and not labels.from_label_selector(selector).matches(template.metadata.labels):
        (at / "metadata" / "labels").invalid(
            dict(template.metadata.labels), "`selector` does not match template `labels`; repeat the selector's labels here"
        )
    check_template(at, template)


def check_own_selector(at: Place, spec: _Selecting, *, owner: str) -> None:
    if not spec.HasField("selector"):
        at.required("name labels that the template has")
    elif not spec.selector.match_labels and not spec.selector.match_expressions:
        at.invalid({}, f"empty selector is invalid for {owner}")
    else:
        check_selector(at, spec.selector)


def _is_sound(selector: meta.LabelSelector) -> bool:
    problems: list[Problem] = []
    check_selector(Place.root(problems), selector)
    return not problems and bool(selector.ListFields())


def check_runs_on(at: Place, spec: core.PodSpec, *, owner: str = "ReplicaSet") -> None:
    """Pods that are meant to stay must be restarted, always."""
    if spec.restart_policy in {"OnFailure", "Never"}:
        (at / "restartPolicy").one_of(spec.restart_policy, ("Always",))
    if spec.HasField("active_deadline_seconds"):
        (at / "activeDeadlineSeconds").forbidden(f"activeDeadlineSeconds in {owner} is not Supported")
