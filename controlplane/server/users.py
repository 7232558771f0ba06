"""Who calls: a name and groups, as the certificate's common name and organisations, or a token, say."""

from __future__ import annotations

from dataclasses import dataclass, field

from controlplane.api.fields import FieldSelector

MASTERS = "system:masters"
NODES = "system:nodes"
NODE_PREFIX = "system:node:"
SCHEDULER = "system:kube-scheduler"
CONTROLLER_MANAGER = "system:kube-controller-manager"
ANONYMOUS = "system:anonymous"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
BOOTSTRAPPERS = "system:bootstrappers"
SERVICE_ACCOUNTS = "system:serviceaccounts"
SERVICE_ACCOUNT_PREFIX = "system:serviceaccount:"
CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"  # which certificate or token a user came with
EVERYTHING = FieldSelector()


@dataclass(frozen=True, slots=True)
class User:
    """`extra` is what else the authenticator knows: key -> values. A user without a name is nobody."""

    name: str
    groups: frozenset[str] = frozenset()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def node(self) -> str:
        """The node whose agent this is, or empty."""
        return self.name.removeprefix(NODE_PREFIX) if NODES in self.groups and self.name.startswith(NODE_PREFIX) else ""


@dataclass(slots=True)
class Caller:
    """A user with a request: where it comes from, what is to be told beside the answer, and what was asked, for the audit.

    `impersonator` is who acts as the user, if somebody does. `attributes` is set when the request is authorized.
    """

    user: User
    source: str = ""
    agent: str = ""
    impersonator: User | None = None
    warnings: list[str] = field(default_factory=list)
    attributes: Attributes | None = None

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def another(self) -> Caller:
        """The same caller with the next request of a batch."""
        return Caller(self.user, self.source, self.agent, self.impersonator)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is asked: a verb on a resource (`deployments`, of group `apps`), or on a `path` that is no resource.

    `selector` says which objects a list, a watch or a deletion of many is limited to.
    """

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    selector: FieldSelector = EVERYTHING


def service_account_groups(namespace: str) -> frozenset[str]:
    """The groups that every service account of the namespace is in."""
    return frozenset((SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}"))
