"""The dashboard, the alert rules and the page of metrics say what the code does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import generate_latest

from bot.errors import ModelBusy, ModelMisconfigured, QuotaExhausted
from bot.model.witness import kind_of
from bot.ops.figures import FIGURES, Figure
from bot.ops.health import Health
from bot.ops.meters import ModelMeter
from bot.ops.metrics import Metrics
from bot.ops.metrics_page import metrics_page
from bot.tracing import Untraced

FOLDER = Path(__file__).parents[3] / "docs/operations"
NAMED = {figure.name: figure for figure in FIGURES}
SHAPES = {"counter": (), "gauge": (), "histogram": ("_bucket", "_sum", "_count")}
PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
MACROS = {"$__rate_interval": "5m"}
OF_PROMETHEUS = {"job", "instance"}


def dashboard() -> dict[str, Any]:
    return json.loads((FOLDER / "grafana-dashboard.json").read_text())


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def shown() -> list[str]:
    return [
        target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())
    ]


def selectors(expression: str) -> Iterator[tuple[Figure | None, str, set[str]]]:
    """Figure, name and labels of everything that an expression reads."""
    for macro, value in MACROS.items():
        expression = expression.replace(macro, value)
    promql_parser.parse(expression)
    for name, labels in re.findall(r"\b((?:bobbin|process|up)\w*)(?:\{([^}]*)\})?", expression):
        figure = NAMED.get(re.sub(r"_(bucket|sum|count)$", "", name), NAMED.get(name))
        yield figure, name, set(re.findall(r"(\w+)(?:=~|!~|!=|=)", labels))


@pytest.mark.parametrize("expression", [*shown(), *(rule["expr"] for rule in rules())])
def test_expressions_read_what_exists(expression: str) -> None:
    read = list(selectors(expression))
    assert read
    for figure, name, labels in read:
        if figure is None:
            assert name in PROCESS | {"up"}
            continue
        ends = [figure.name + shape for shape in SHAPES[figure.kind]] or [figure.name]
        assert name in ends
        assert labels <= {*figure.labels, *OF_PROMETHEUS, "le"}, (name, labels)


@pytest.mark.parametrize("expression", [*shown(), *(rule["expr"] for rule in rules())])
def test_expressions_group_by_labels_that_exist(expression: str) -> None:
    known = {label for figure, _, _ in selectors(expression) if figure for label in figure.labels}
    for names in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {name.strip() for name in names.split(",")} <= known | OF_PROMETHEUS | {"le"}


def test_the_dashboard_shows_every_figure() -> None:
    read = {figure for expression in shown() for figure, _, _ in selectors(expression)}
    assert read - {None} == set(FIGURES)


def test_the_dashboard_can_be_imported() -> None:
    found = dashboard()
    assert found["id"] is None and found["schemaVersion"] >= 36
    numbers = [panel["id"] for panel in found["panels"]]
    assert len(numbers) == len(set(numbers))
    variables = {variable["name"] for variable in found["templating"]["list"]}
    text = json.dumps(found["panels"])
    assert set(re.findall(r"\$\{?([a-z]\w*)", text)) <= variables
    places = [tuple(panel["gridPos"].values()) for panel in found["panels"]]
    assert len(places) == len(set(places))
    for panel in found["panels"]:
        if panel["type"] != "row":
            assert panel["description"] and panel["targets"]
            assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24


def test_alerts_name_outcomes_of_requests_that_exist() -> None:
    busy = (ModelBusy("", retry_after=1.0), ModelBusy("", overloaded=True), ModelBusy(""))
    faults = {kind_of(error) for error in (*busy, QuotaExhausted(""), ModelMisconfigured(""))}
    named = re.findall(r'model_requests_total\{outcome=~"([^"]*)"', str(rules()))
    assert {outcome for outcomes in named for outcome in outcomes.split("|")} == faults


def test_the_first_refusal_that_pages_is_a_rise() -> None:
    metrics = Metrics()
    ModelMeter(metrics, Health(lambda: 0.0), Untraced(), lambda: 0.0)
    page = generate_latest(metrics.registry).decode()
    [paged] = [rule["expr"] for rule in rules() if rule["alert"] == "BobbinModelOutOfCredit"]
    [outcomes] = re.findall(r'outcome=~"([^"]*)"', paged)
    for outcome in outcomes.split("|"):
        assert f'bobbin_model_requests_total{{outcome="{outcome}",purpose="reply"}} 0.0' in page


def test_every_alert_says_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 10
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert len(rule["annotations"]["runbook"]) > 60
        assert rule["annotations"]["summary"]


def test_alerts_show_labels_that_their_expression_keeps() -> None:
    for rule in rules():
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        grouped = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
        if grouped:
            assert used <= {name.strip() for name in grouped[0].split(",")}, rule["alert"]


def test_the_registry_holds_every_figure() -> None:
    families = {family.name: family for family in Metrics().registry.collect()}
    for figure in FIGURES:
        family = families[figure.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (figure.kind, figure.meaning)
    ours = {name for name in families if name.startswith("bobbin_")}
    assert len(ours) == len(FIGURES)


def test_names_follow_the_custom() -> None:
    for figure in FIGURES:
        assert re.fullmatch(r"bobbin_[a-z_]+", figure.name)
        assert figure.name.endswith("_total") == (figure.kind == "counter")
        assert figure.name.endswith("_seconds") == (figure.kind == "histogram")
        assert figure.meaning.endswith(".")
        assert not {"id", "user", "channel", "thread", "turn", "space"} & set(figure.labels)


def test_the_page_is_written_from_the_code() -> None:
    assert (FOLDER / "metrics.md").read_text() == metrics_page()
