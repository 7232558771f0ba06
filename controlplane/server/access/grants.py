"""What one user has been granted, compiled: a decision is a look into a table once its like has been asked before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from controlplane.api.rbac import Rule
from controlplane.server.access.decision import REFUSED, Decision
from controlplane.server.users import Attributes

_MOST_ANSWERS = 4096  # remembered of one user; paths are without number


class Held(NamedTuple):
    """A rule and where it comes from: `ClusterRoleBinding "x" of ClusterRole "view" to User "jane"`."""

    rule: Rule
    source: str


class _Answer(NamedTuple):
    """What holds for a verb on a resource: for all objects, or for those of these names."""

    names: frozenset[str]
    decision: Decision


@dataclass(slots=True)
class Grants:
    """`everywhere` holds in every namespace and for what has none, `within` in one. `problems` are roles that do not exist,
    by namespace, empty for everywhere."""

    everywhere: Sequence[Held] = ()
    within: Mapping[str, Sequence[Held]] = field(default_factory=dict)
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _answers: dict[tuple[str, ...], tuple[_Answer, ...]] = field(default_factory=dict)

    def held(self, namespace: str) -> Iterable[Held]:
        yield from self.everywhere
        if namespace:
            yield from self.within.get(namespace, ())

    def decide(self, asked: Attributes) -> Decision:
        key = (asked.verb, asked.group, asked.resource, asked.subresource, asked.namespace, asked.path)
        answers = self._answers.get(key)
        if answers is None:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            answers = self._answers[key] = tuple(self._answers_to(asked))
        for names, decision in answers:
            if not names or asked.name in names:
                return decision
        return self._refused(asked.namespace) if self.problems else REFUSED

    def _answers_to(self, asked: Attributes) -> Iterable[_Answer]:
        for rule, source in self.held(asked.namespace):
            if rule.matches(asked):
                names = frozenset() if asked.path else frozenset(rule.names)
                yield _Answer(names, Decision(True, f"RBAC: allowed by {source}"))
                if not names:
                    return

    def _refused(self, namespace: str) -> Decision:
        problems = [*self.problems.get("", ()), *(self.problems.get(namespace, ()) if namespace else ())]
        told = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        return Decision(False, f"RBAC: {told}") if problems else REFUSED
