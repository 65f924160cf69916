"""docs/operations/metrics.md, made from the figures: `python -m bot.ops.metrics_page`."""

from __future__ import annotations

from pathlib import Path

from bot.ops.figures import FIGURES, Figure

PAGE = Path("docs/operations/metrics.md")

_INTRO = """\
# Metrics

What each figure at `/metrics` means. They are served where `BOBBIN_HTTP_PORT` says, each process
for itself, together with the usual `process_*` figures. Labels have few values and never an id of a
person, a channel or a message; a value that looks like one is counted as `other`. Histograms have
the usual `_bucket`, `_sum` and `_count`. [grafana-dashboard.json](grafana-dashboard.json) shows all
of them, [alerts.yml](alerts.yml) watches the ones that matter. This page is written by
`python -m bot.ops.metrics_page`.

| metric | type | by | meaning |
| --- | --- | --- | --- |
"""


def metrics_page() -> str:
    """The text of the page."""
    return _INTRO + "".join(_row(figure) for figure in FIGURES)


def _row(figure: Figure) -> str:
    by = ", ".join(figure.labels) or "–"
    return f"| `{figure.name}` | {figure.kind} | {by} | {figure.meaning} |\n"


def main() -> None:
    """Write the page below the working directory."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(metrics_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
