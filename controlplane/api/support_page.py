"""The page of `docs/` about fields without effect, made from their table.

python -m controlplane.api.support_page > docs/unsupported-fields.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from controlplane.api.support_table import CONTAINER_ROWS, KIND_ROWS, POD_ROWS, Row, What

_HEAD = """# Fields without effect

Orlop stores every field of every kind. Those that nothing acts on yet are listed here; none is ignored in silence:

- **refused**: going on without it would be unsafe (security, isolation, placement), so the write fails with reason
  `Invalid`, and each cause names a field.
- **warned**: the write succeeds, and whoever made it is told (`Warning: spec.subdomain: there is no cluster DNS yet`).

An update is only held against what it brings: what an object had before is neither refused nor told again. Components of the
cluster itself get no warnings.

This page is made from `controlplane/api/support_table.py` (`just unsupported-fields`); a test keeps the two equal.
"""
_TITLES: tuple[tuple[What, str], ...] = (("refuse", "refused"), ("warn", "warned"))


def page() -> str:
    sections = [
        _section("Pods", "Paths start at the pod's `spec`, also in the templates of workloads.", POD_ROWS),
        _section("Containers", "Of `containers`, `initContainers` and `ephemeralContainers`.", CONTAINER_ROWS),
        *(_section(kind, "", rows) for kind, rows in sorted(KIND_ROWS.items())),
    ]
    return "\n".join([_HEAD, *sections])


def _section(title: str, text: str, rows: Iterable[Row]) -> str:
    return "\n".join([f"## {title}", "", *([text, ""] if text else []), *_table(list(rows)), ""])


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| field | value | | why |"
    yield "|---|---|---|---|"
    for what, title in _TITLES:
        for row in rows:
            if row.what == what:
                yield f"| {f'`{row.path}`' if row.path else '(the kind)'} | {row.only or 'any'} | {title} | {row.why} |"


if __name__ == "__main__":
    sys.stdout.write(page())
