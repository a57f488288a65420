"""The page as people see it: in a real browser, with mouse and keyboard, on a phone, on dark screens and on paper."""

import json
import os
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dlbench.plugins.registry import Registry
from dlbench.report.html import static_figures
from dlbench.report.html.page import html_report
from dlbench.report.html.site import Site
from dlbench.runs.folder import RunFolder

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("vl_convert", reason="vl-convert, which carries the charts' library, is not installed")
CHROMIUM = shutil.which("chromium")
AXE = Path(sys.prefix) / "node" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed (apt-get install chromium)"),
]

NAMES = ("relu", "tanh", "elu")
HOSTILE = (
    '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">',
    "\x1b[31mred\x1b[0m \u202eright to left\u202c </script><script>window.hacked = 3</script>",
    "a-very-long-label-without-any-space-" * 4,
)
SEEDS = range(8)
#: Waits until what was asked of a page is drawn, which a busy machine does late.
DRAWN = "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if root else [])
        yield chromium
        chromium.close()


def accuracy(number, seed):
    return 0.9 + number / 50 + seed / 1000 + (seed * 7 % 5) / 2000


def provenance(text):
    versions = dict.fromkeys(("dlbench", "torch", "torchvision", "numpy", "python"), text)
    return {"versions": versions, "plugins": {}, "hardware": {"cpu": text, "cores": 2, "gpu": None}, "git_commit": text}


@pytest.fixture(scope="module")
def pages(tmp_path_factory, make_plan, make_record):
    """Write the pages of a run and of one with hostile labels, and a site of both; return their folder."""
    root = tmp_path_factory.mktemp("pages")
    folders = []
    for name, labels in (("plain", NAMES), ("hostile", HOSTILE)):
        plan = make_plan(NAMES, SEEDS)
        variants = tuple(
            replace(variant, label=label, values={"activation": label})
            for variant, label in zip(plan.variants, labels, strict=True)
        )
        plan = replace(plan, variants=variants, axes={"activation": labels}, baseline=labels[0])
        with RunFolder(root / name) as folder:
            folder.start(plan, ["dlbench", labels[0]], provenance(labels[0]))
            for number, activation in enumerate(NAMES):
                for seed in SEEDS:
                    folder.add(make_record(activation, seed, accuracy(number, seed), epochs=5))
        folders.append(RunFolder(root / name))
    registry = Registry.load()
    for folder in folders:
        (root / f"{folder.path.name}.html").write_text(html_report(folder, registry), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(static_figures, "picture", lambda *_: None)  # drawing them again takes seconds
        for name, content in Site(registry).files(folders):
            path = root / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    return root


@pytest.fixture
def visit(browser, pages):
    """Open a page; afterwards nothing was written to the console, and no host was asked for anything."""
    contexts, said = [], []

    def open_page(name="plain", width=1200, height=900, scheme="light", *, scripts=True):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if re.match("https?:|ws", request.url) else None)
        page.goto((pages / f"{name}.html").as_uri())
        if scripts:
            page.wait_for_selector("html.charts-drawn", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def mark(page, chart, test):
    """Return the middle of the first mark whose datum passes a test in JavaScript, scrolled into view."""
    found = page.evaluate_handle(
        f"""() => [...document.querySelectorAll('[data-chart="{chart}"] .mark-symbol path')]
            .find((each) => (({test}))(each.__data__.datum))"""
    ).as_element()
    found.scroll_into_view_if_needed()
    page.wait_for_timeout(100)
    box = found.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def until(page, expression):
    """Wait until an expression holds, without the evaluation of strings, which the page forbids."""
    for _ in range(50):
        if page.evaluate(expression):
            return True
        page.wait_for_timeout(100)
    return False


def marks(page, chart, variant):
    return page.evaluate(
        f"""() => [...document.querySelectorAll('[data-chart="{chart}"] .mark-symbol path')]
            .filter((each) => each.__data__.datum.v === {variant}).length"""
    )


@pytest.mark.parametrize(
    ("chart", "digits"), [("final", "93.90"), ("curves", "94.90"), ("time", "93.90")], ids=["final", "curves", "time"]
)
def test_a_pointer_on_a_mark_shows_seed_and_value(visit, chart, digits):
    # The last variant's last seed lies above all others.
    page = visit()
    last = "datum.v === 2 && datum.seed === 7 && datum.epoch === 5"
    page.mouse.move(*mark(page, chart, f"(datum) => {last if chart == 'curves' else last.rpartition(' && ')[0]}"))
    text = page.locator("#tip").inner_text()
    assert re.search(r"variant\s+elu\s+seed\s+7", text)
    assert digits in text
    page.mouse.move(2, 2)
    assert not page.locator("#tip").is_visible()


def test_arrow_keys_go_from_mark_to_mark_and_plus_zooms(visit):
    page = visit()
    chart = page.locator('[data-chart="final"]')
    chart.focus()
    page.evaluate(DRAWN)  # the focus scrolls, which hides what a key shows before
    page.keyboard.press("ArrowRight")
    first = page.locator("#tip").inner_text()
    assert re.search(r"seed\s+0", first)
    page.keyboard.press("ArrowRight")
    assert re.search(r"seed\s+1", page.locator("#tip").inner_text())
    assert "seed 1" in page.locator("#live").inner_text()
    page.keyboard.press("ArrowDown")
    assert re.search(r"variant\s+tanh", page.locator("#tip").inner_text())
    page.keyboard.press("Escape")
    assert not page.locator("#tip").is_visible()
    ticks = (
        "[...document.querySelectorAll('[data-chart=final] .role-axis-label text')].map((e) => e.textContent).sort()+''"
    )
    before = page.evaluate(ticks)
    page.keyboard.press("+")
    assert until(page, f"({ticks}) !== {before!r}")
    page.get_by_label("Zoom of Every seed").get_by_role("button", name="reset").click()
    assert until(page, f"({ticks}) === {before!r}")


def test_a_legend_entry_hides_its_variant_everywhere(visit):
    page = visit()
    entry = page.locator("#legend").get_by_role("button", name="tanh")
    charts = ("differences", "final", "curves", "time")
    before = {chart: marks(page, chart, 1) for chart in charts}
    assert all(before.values())
    rows = page.locator('tr[data-variant="1"]')
    assert rows.count() >= 3
    entry.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert entry.get_attribute("aria-pressed") == "false"
    assert {chart: marks(page, chart, 1) for chart in charts} == dict.fromkeys(charts, 0)
    assert all(marks(page, chart, 2) for chart in charts)
    assert not any(rows.nth(place).is_visible() for place in range(rows.count()))
    entry.click()
    page.wait_for_timeout(300)
    assert {chart: marks(page, chart, 1) for chart in charts} == before


def test_a_variant_has_the_same_color_and_marker_in_every_figure(visit):
    page = visit()
    seen = page.evaluate(
        """() => [...document.querySelectorAll('.mark-symbol path')].filter((each) => each.__data__.datum.v === 1)
            .map((each) => each.__data__.fill)"""
    )
    assert set(seen) == {"#D55E00"}


def test_a_heading_sorts_its_table(visit):
    page = visit()
    table = page.locator("#numbers table").first
    heading = table.get_by_role("button", name="test accuracy (%)")
    names = table.locator("tbody th")
    for order, expected in (("ascending", list(NAMES)), ("descending", list(reversed(NAMES)))):
        heading.click()
        assert names.all_inner_texts() == expected
        assert table.locator(f'th[aria-sort="{order}"]').count() == 1


@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_a_phone_scrolls_only_downward_and_its_first_screen_has_the_figure(visit, name):
    page = visit(name, width=400, height=800)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    if name == "plain":
        box = page.locator('[data-chart="differences"] svg').bounding_box()
        assert box["y"] + box["height"] <= 800
        assert page.locator(".verdicts li").first.bounding_box()["y"] < box["y"]


@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_a_phone_cuts_no_text_of_a_chart(visit, name):
    cut = visit(name, width=400, height=850).evaluate(
        """() => [...document.querySelectorAll(".chart svg")].flatMap((svg) => {
            const box = svg.getBoundingClientRect();
            return [...svg.querySelectorAll("text")].filter((text) => {
                const { left, right } = text.getBoundingClientRect();
                return left < box.left - 1 || right > box.right + 1;
            }).map((text) => text.textContent);
        })"""
    )
    assert cut == []


@pytest.mark.parametrize("width", [320, 400, 1200])
def test_the_buttons_that_zoom_cover_no_heading(visit, width):
    covered = visit(width=width).evaluate(
        """() => [...document.querySelectorAll("figure")].filter((each) => each.querySelector(".zoom")).map((each) => {
            const range = document.createRange();
            range.selectNodeContents(each.querySelector("h3"));
            const [text, bar] = [range, each.querySelector(".zoom")].map((box) => box.getBoundingClientRect());
            return text.right > bar.left && text.bottom > bar.top && text.left < bar.right && text.top < bar.bottom;
        })"""
    )
    assert covered
    assert not any(covered)


def test_dark_screens_get_dark_colors_also_while_the_page_is_open(visit):
    page = visit(scheme="dark")
    light = "rgb(255, 255, 255)"
    background = "getComputedStyle(document.body).backgroundColor"
    fill = """() => [...document.querySelectorAll('.mark-symbol path')].find((each) => each.__data__.datum.v === 1)
              .__data__.fill"""
    assert page.evaluate(background) != light
    assert page.evaluate(fill) == "#F28A45"
    page.emulate_media(color_scheme="light")
    assert until(page, f"(({fill})()) === '#D55E00'")
    assert page.evaluate(background) == light


@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_paper_cuts_no_table_and_unfolds_everything(visit, name):
    page = visit(name, width=690)  # A4 between its margins
    page.emulate_media(media="print")
    cut = page.evaluate(
        """() => [...document.querySelectorAll('table')].filter((each) => each.getBoundingClientRect().right > 691
            || each.parentElement.scrollWidth > each.parentElement.clientWidth + 1).length"""
    )
    assert cut == 0
    assert page.locator("img").first.is_visible()
    assert not page.locator("[data-chart]").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert page.evaluate(
        "[...document.querySelectorAll('details:not([open]) table')].every((e) => e.checkVisibility())"
    )


def test_hostile_labels_stay_text(visit):
    page = visit("hostile")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#legend button").first.inner_text() == HOSTILE[0]
    second = page.locator("#legend button").nth(1).inner_text()
    assert "\\x1b[31mred" in second
    assert "\\u202e" in second
    assert not re.search("[\x1b\u202e]", page.content())
    page.mouse.move(*mark(page, "final", "(datum) => datum.v === 0"))
    assert HOSTILE[0] in page.locator("#tip").inner_text()
    assert page.locator("#tip script, #tip img, svg script").count() == 0


def test_without_a_script_the_page_shows_pictures_and_tables(visit):
    page = visit(scripts=False)
    pictures = page.locator("figure img")
    assert pictures.count() == 6
    assert all(pictures.nth(place).is_visible() for place in range(pictures.count()))
    assert page.locator("#verdicts table").first.is_visible()
    assert not page.locator("#legend").is_visible()


def test_a_site_leads_from_its_index_to_pages_that_share_one_script(visit):
    page = visit("site/runs/plain")
    assert page.locator("[data-chart] svg").count() >= 4
    page.get_by_role("link", name="All runs").click()
    assert page.locator("article").count() == 2
    assert "tanh is better than relu" in page.locator("article").first.inner_text()
    page.get_by_role("link", name="plain").first.click()
    page.wait_for_selector("html.charts-drawn", state="attached")


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (make slow installs it with npm)")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 400)])
def test_axe_finds_no_serious_violation(visit, scheme, width):
    page = visit(width=width, scheme=scheme)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert serious == [], json.dumps(serious, indent=1)[:3000]


def test_a_large_run_stays_below_three_megabytes_and_is_drawn(visit, pages, make_plan, make_record, tmp_path):
    names = tuple(f"variant-{number}" for number in range(24))
    plan = make_plan(("relu",), range(10))
    (one,) = plan.variants
    with RunFolder(tmp_path / "large") as folder:
        records = [
            [make_record("relu", seed, accuracy(number % 5, seed), epochs=30, settings={"batch_size": 8 + number})
             for seed in range(10)]
            for number in range(len(names))
        ]  # fmt: skip
        variants = tuple(
            replace(one, label=label, values={"activation": label}, variant_id=group[0].trial.variant_id)
            for label, group in zip(names, records, strict=True)
        )
        plan = replace(plan, variants=variants, axes={"activation": names}, baseline=names[0])
        folder.start(plan, ["dlbench"], provenance("0.1.0"))
        for group in records:
            for record in group:
                folder.add(record)
    text = html_report(RunFolder(tmp_path / "large"), Registry.load())
    assert len(text.encode()) <= 3_000_000
    assert "Of 2 epochs one is shown" in text
    (pages / "large.html").write_text(text, encoding="utf-8")
    assert visit("large").locator("[data-chart] svg").count() >= 4
