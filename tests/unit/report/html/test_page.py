import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dlbench.analysis.answers import Findings
from dlbench.analysis.summary import summarize
from dlbench.analysis.verdicts import judge_run
from dlbench.api.results import Comparison
from dlbench.plans.criteria import Criteria
from dlbench.plans.spread import SpreadDesign
from dlbench.plugins.registry import Registry
from dlbench.report.html.content import page as page_of
from dlbench.report.html.numbers import number_tables, numbers_note
from dlbench.report.html.page import html_report, render
from dlbench.report.html.script import fingerprint, page_script
from dlbench.report.html.session_facts import sessions_of
from dlbench.report.html.site import Site
from dlbench.report.html.verdicts import rule
from dlbench.runs.experiment_runs import known_experiment, read_findings
from dlbench.runs.folder import RunFolder

RESULTS = Path(__file__).parents[4] / "results"
HOSTILE = "<script>alert('x')</script> & \"quoted\" $x_1$"

EXPERIMENT = """
schema = 1
title = "Activations"

[axes]
activation = ["relu", "tanh"]

[[reported]]
variant = "activation=relu"
metric = "test_accuracy"
value = 0.9
place = "row 1"

[[claims]]
text = "tanh, best"
relation = "activation=tanh > activation=relu"
metric = "test_accuracy"
"""


class Tags(HTMLParser):
    """Every element with its attributes, and all text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def without_figures(folder, asked=None):
    registry = Registry.load()
    judged, experiment = judge_run(folder.records, folder.plan, asked), known_experiment(folder, registry)
    return render(page_of(folder, judged, read_findings(folder, registry), experiment))


@pytest.fixture
def make_folder(tmp_path, make_record, make_plan, provenance):
    def make(label="tanh", message="ValueError: no", command=("dlbench", "compare"), name="a-run", **plan):
        content = make_plan(["relu", "tanh"], range(8))
        relu, tanh = content.variants
        variants = (relu, replace(tanh, label=label, values={"activation": label}))
        content = replace(content, variants=variants, axes={"activation": ("relu", label)}, **plan)
        with RunFolder(tmp_path / name) as folder:
            folder.start(content, command, provenance)
            for seed in range(7):
                folder.add(make_record("relu", seed, accuracy=0.9 + seed / 1000))
                folder.add(make_record("tanh", seed, accuracy=0.95 + seed / 900))
            folder.add(make_record("tanh", 7, status="failed", message=message, metrics={}))
        return RunFolder(tmp_path / name)

    return make


@pytest.mark.slow
def test_the_page_says_what_was_found_and_what_stood_around_it(make_folder):
    page = Tags(html_report(make_folder(), Registry.load()))
    assert "tanh is better than relu by 5." in page.text
    assert "n = 7 paired seeds, adjusted p = 0.016" in page.text
    for words in ("a-run", "torch 2.9.0", "A CPU, 2 cores", "dlbench compare", "standard/mlp", "0, 1, 2, 3, 4, 5, 6"):
        assert words in page.text
    assert "tanh: 1 of 8 failed (seed 7): ValueError: no" in page.text
    assert "Heat map: not drawn, as it needs two axes." in page.text


def test_a_damaged_line_of_a_journal_is_named_on_the_page(make_folder):
    (path,) = (make_folder().path / "journal").glob("2*.jsonl")
    with path.open("ab") as file:
        file.write(b"damaged <b>\n")
    assert f'<p class="caution">journal/{path.name}, line 16 is left out: ' in without_figures(
        RunFolder(path.parent.parent)
    )


def test_the_rule_of_looks_has_the_error_rate_of_all_of_them(make_record, make_plan):
    looks = Criteria(baseline="relu", interim_analyses=(6, 9, 12), spending="haybittle-peto")
    plan = replace(make_plan(("relu", "tanh"), range(12)), judging=looks)
    pairs = [("relu", seed) for seed in range(12)] + [("tanh", seed) for seed in range(12)]
    judged = judge_run([make_record(name, seed, 0.8 + 0.01 * (seed % 5)) for name, seed in pairs], plan)
    assert judged.rules.alpha < 0.05
    assert "; α = 0.05 over the looks at 6, 9, 12 seeds, intervals at " in rule(judged, 1)
    assert "; α = 0.05 for each of 3 tables over the looks at 6, 9, 12 seeds, " in rule(judged, 3)


def test_what_a_spread_of_one_variant_leaves_out_is_named_on_the_page(tmp_path, make_record, make_plan, provenance):
    design = SpreadDesign(sources=("split",), backgrounds=3, levels=2)
    plan = replace(make_plan(("relu",), range(3)), axes={}, spread=design)
    with RunFolder(tmp_path / "run") as folder:
        folder.start(plan, ["dlbench", "spread"], provenance)
        for trial in (*(make_record("relu", s).trial for s in range(3)), *design.trials([make_record().trial])):
            folder.add(replace(make_record("relu", trial.seed, 0.8 + trial.seed / 100), trial=trial))
    (path,) = (folder.path / "journal").glob("2*.jsonl")
    with path.open("ab") as file:
        file.write(b"damaged <b>\n")
    damaged = RunFolder(folder.path)
    page = render(page_of(damaged, damaged.judge({"metric": "test_loss"}), Findings()))
    assert 'id="verdicts"' not in page
    assert f'<p class="caution">journal/{path.name}, line ' in page
    assert '<p class="caution">Judged by metric test_loss' in page


@pytest.mark.slow
def test_every_figure_is_inside_and_nothing_is_loaded(make_folder):
    page = Tags(html_report(make_folder(), Registry.load()))
    images = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(images) == 6
    assert all(image["src"].startswith("data:image/svg+xml,%3C") for image in images)
    assert all(image["alt"] for image in images)
    assert not {"link", "iframe", "object", "base"} & {tag for tag, _ in page.elements}
    addresses = [
        attributes[name] for _, attributes in page.elements for name in ("href", "srcset") if name in attributes
    ]
    assert all(address.startswith("#") for address in addresses)
    assert [attributes.get("src") for tag, attributes in page.elements if tag == "script"] == [None, None]
    policy = next(attributes["content"] for _, attributes in page.elements if "http-equiv" in attributes)
    assert "default-src 'none'" in policy
    assert f"script-src '{fingerprint(page_script())}'" in policy


def test_the_page_works_on_a_phone_and_on_paper(make_folder):
    page = without_figures(make_folder())
    assert '<meta name="viewport"' in page
    assert "@media print" in page
    assert page.count("<table") == len(re.findall(r'<div class="scroll"[^>]*><table', page))


@pytest.mark.slow
def test_hostile_texts_are_inert_wherever_they_stand(make_folder, tmp_path):
    folder = make_folder(
        label=HOSTILE, message=HOSTILE, command=("dlbench", HOSTILE), fixed={HOSTILE: HOSTILE}, experiment=HOSTILE
    )
    row = f'"{HOSTILE.replace(chr(34), chr(34) * 2)}"'
    (tmp_path / "a-run" / "claims.csv").write_text(f"claim,text,relation,answer,why\n1,{row},{row},{row},{row}\n")
    (tmp_path / "a-run" / "reported.csv").write_text(f"variant,metric,place,reported\n{row},{row},{row},0.5\n")
    source = html_report(folder, Registry.load())
    assert source.count("<script") == 2  # the page's own: data and script
    page, harmless = Tags(source), Tags(html_report(make_folder(name="harmless"), Registry.load()))
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in harmless.elements}
    attributes = {name for _, found in page.elements for name in found}
    assert attributes <= {name for _, found in harmless.elements for name in found}
    assert page.text.count(HOSTILE) > 10


def test_reported_figures_and_claims_stay_on_the_page_without_their_plugin(make_folder, tmp_path):
    folder = make_folder(experiment="uninstalled/activations")
    assert "Reported against measured" not in without_figures(folder)
    columns = "variant,metric,at,reported,place,n,measured,low,high,difference,within,one_run,problem"
    rows = [
        "relu,test_accuracy,selected,0.9,row 1,7,0.891,0.88,0.91,-0.01,True,True,",
        "relu,test_accuracy,last,0.5,row 2,7,0.891,0.88,0.91,-0.01,False,False,",
        "elu,test_accuracy,last,0.5,row 3,0,,,,,,,There is no variant 'elu'.",
    ]
    (tmp_path / "a-run" / "reported.csv").write_text("\n".join([columns, *rows, ""]))
    parts = ['1,"tanh, best",tanh > relu,supported,by 5 points', '1,"tanh, best",tanh > relu,supported,by 2 points']
    (tmp_path / "a-run" / "claims.csv").write_text("\n".join(["claim,text,relation,answer,why", *parts, ""]))
    text = re.sub(r"\s*\n\s*", " ", Tags(without_figures(folder)).text)
    assert "Reported against measured" in text
    for answer in ("in the interval of the mean", "outside of both", "There is no variant 'elu'.", "89.10"):
        assert answer in text
    assert "by 5 points; by 2 points" in text
    assert text.count("tanh, best") == 1


def test_reported_figures_and_claims_are_answered_from_the_trials(make_folder, tmp_path):
    folder = make_folder(experiment="uninstalled/activations")
    (tmp_path / "a-run" / "activations.toml").write_text(EXPERIMENT)
    text = Tags(without_figures(folder)).text
    assert "test accuracy (%)row 190.0089.30[89.10, 89.50]7outside of both" in text
    assert "tanh, bestsupportedactivation=tanh > activation=relutest accuracyselectedpoints" in text
    assert "activation=tanh − activation=relu = +5.033 points" in text
    assert "1 claim: 1 supported, 0 refuted, 0 not shown." in text


def test_what_is_judged_otherwise_than_fixed_is_said(make_folder):
    text = Tags(without_figures(make_folder(), {"metric": "test_loss"})).text
    assert "Judged by metric test_loss, fixed before running: test_accuracy" in text
    assert "By test loss" in text


def test_a_run_without_answers_has_a_page(tmp_path, make_plan, make_record, provenance):
    with RunFolder(tmp_path / "none") as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
        left = {"metrics": {}, "confusion": (), "class_names": ()}
        folder.add(make_record("relu", 0, epochs=0, status="failed", message="no", **left))
    text = Tags(html_report(RunFolder(tmp_path / "none"), Registry.load())).text
    assert "Learning curves: not drawn, as no trial has epochs." in text
    assert "3 seeds each, 0 of 6 trials have numbers." in text


def test_one_seed_is_no_claim(tmp_path, make_plan, make_record, provenance):
    with RunFolder(tmp_path / "one") as folder:
        folder.start(make_plan(seeds=[0]), ["dlbench"], provenance)
        for name in ("relu", "tanh"):
            folder.add(replace(make_record(name), log=""))
    assert "n = 1 paired seed cannot reach p ≤ 0.05" in Tags(without_figures(RunFolder(tmp_path / "one"))).text


def test_several_data_sets_have_a_table_each_and_one_over_all(make_study, provenance, tmp_path):
    records, plan = make_study("abc", lambda name, dataset, seed: 0.9 - 0.02 * (name != "relu") - 0.001 * seed)
    with RunFolder(tmp_path / "several") as folder:
        folder.start(plan, ["dlbench"], provenance)
        for record in records:
            folder.add(record)
    page = Tags(without_figures(RunFolder(tmp_path / "several")))
    for words in (
        "activation on a, against relu",
        "test accuracy over 3 data sets (a, b, c)",
        "interquartile mean (%)",
    ):
        assert words in page.text
    assert "ver 3 data sets (a, b, c), mean ranks by test accuracy (1 is best): relu 1.00" in page.text


def test_sessions_say_when_they_were_as_people_write_it():
    def heading(started, ended):
        return sessions_of([{"started": started, "ended": ended}])[0].heading

    begin = "2026-11-29T07:48:15+00:00"
    assert heading(begin, "2026-11-29T07:48:19+00:00") == "2026-11-29 07:48:15 to 07:48:19 UTC"
    assert heading("2026-11-29T09:48:15+02:00", "2026-11-30T00:00:01Z") == (
        "2026-11-29 07:48:15 to 2026-11-30 00:00:01 UTC"
    )
    assert heading(begin, None) == "2026-11-29 07:48:15 UTC to an end that was not recorded"
    assert heading("yesterday", "2026-11-29T07:48:19") == "yesterday to 2026-11-29T07:48:19"


def test_what_no_seed_changes_is_written_once(make_plan, make_record):
    for seeds, note in (
        (1, "n = 1: one value."),
        (2, "n = 2: both values."),
        (3, "Mean ± standard deviation over n seeds."),
    ):
        records = [make_record("relu", seed, 0.9 + seed / 100) for seed in range(seeds)]
        summaries = summarize(records, make_plan(["relu"], range(seeds)))
        cost = number_tables(summaries)[1]
        place = [*cost.columns].index("parameters")
        assert re.fullmatch(r"[\d,]+", cost.rows[0].cells[place])
        assert numbers_note(summaries) == note


def test_a_command_breaks_between_its_words_alone(make_folder):
    page = without_figures(make_folder(command=("dlbench", "compare", "--save-weights")))
    assert "<code><span>dlbench</span> <span>compare</span> <span>--save-weights</span></code>" in page


def test_the_page_of_a_spread_has_no_verdicts_on_its_one_variant():
    folder, registry = RunFolder(RESULTS / "spread-digits"), Registry.load()
    page = Tags(render(page_of(folder, folder.judge(None), read_findings(folder, registry))))
    headings = {attributes.get("id") for tag, attributes in page.elements if tag == "section"}
    links = {attributes["href"] for tag, attributes in page.elements if tag == "a"}
    assert "spread" in headings
    assert "verdicts" not in headings
    assert "#verdicts" not in links


def test_the_page_of_a_spread_of_two_variants_compares_them_too(make_folder):
    design = SpreadDesign(sources=("split",), backgrounds=3, levels=2)
    folder = make_folder(spread=design)
    page = Tags(render(page_of(folder, folder.judge(None), read_findings(folder, Registry.load()))))
    headings = {attributes.get("id") for tag, attributes in page.elements if tag == "section"}
    assert {"spread", "verdicts"} <= headings
    assert "tanh is better than relu" in page.text


def test_a_reduced_run_of_an_experiment_says_so_first_in_the_index_and_beside_its_claims(no_pictures):
    registry = Registry.load()
    folder = RunFolder(RESULTS / "cnns-reduced")
    files = dict(Site(registry).files([folder]))
    page, index = Tags(files["runs/cnns-reduced.html"]).text, Tags(files["index.html"]).text
    sentence = "Reduced: "
    assert page.index(sentence) < page.index("Verdicts")
    assert page.count(sentence) == 1 + page.count("Reported against measured") + ("Claims" in page)
    assert index.count(sentence) == 1
    assert sentence in Comparison(folder.path, folder.plan, folder.records)._repr_html_()
