"""What authorization.k8s.io/v1beta1 and certificates.k8s.io/v1beta1 had otherwise: a name, and what was assumed."""

from __future__ import annotations

from controlplane.api.conversion.documents import Doc, items, made, move, part


def access_review_in(doc: Doc) -> None:
    move(part(doc, "spec"), "group", "groups")


def access_review_out(doc: Doc) -> None:
    move(part(doc, "spec"), "groups", "group")


def signing_request_in(doc: Doc) -> None:
    """Nobody had to name a signer: what the request is for, and of whom, told which one was meant."""
    spec = made(doc, "spec")
    if spec.get("usages") is None:
        spec["usages"] = ["digital signature", "key encipherment"]
    if not spec.get("signerName"):
        from controlplane.api.conversion import signers  # cryptography takes long to load and is seldom needed

        spec["signerName"] = signers.signer_of(spec)
    for condition in items(doc, "status", "conditions"):
        condition["status"] = condition.get("status") or "True"
