"""The pages: right without their script, text that stays text, and nothing for pages or names from elsewhere."""

import re
from dataclasses import replace

import pytest

testclient = pytest.importorskip("starlette.testclient", reason="the extra serve is not installed")

from dlbench.plans.criteria import Criteria  # noqa: E402
from dlbench.report.html import page  # noqa: E402
from dlbench.runs.running_trials import RunningTrial  # noqa: E402
from dlbench.serve.application import application  # noqa: E402
from dlbench.serve.followed_run import FollowedRun  # noqa: E402
from dlbench.serve.watched_runs import WatchedFolder  # noqa: E402

NASTY = '<script>alert(1)</script>\u202e\x1b[31m"&'


@pytest.fixture
def client(tmp_path):
    return testclient.TestClient(application(WatchedFolder(tmp_path / "results")), base_url="http://127.0.0.1:8642")


def test_the_index_lists_runs_those_that_run_first(client, begin, add):
    early = begin(name="early")
    add(early, range(6))
    early.close()
    add(begin(name="late"), range(2))
    page = client.get("/").text
    assert re.findall(r'href="(/runs/[^"]+)"', page) == ["/runs/late", "/runs/early"]
    assert "4 of 12" in page
    assert "running" in page
    assert "complete" in page


def test_an_empty_folder_says_what_will_be_there(client):
    assert "There are no runs here yet" in client.get("/").text


def test_a_page_is_right_without_its_script(client, begin, add):
    folder = begin()
    add(folder, range(4))
    running = RunningTrial(trial_id="x", label="tanh", seed=4, epochs=9)
    for epoch in range(1, 4):
        running = running.after(epoch, {"validation_accuracy": epoch / 10, "train_loss": 1 / epoch})
    folder.show_running([running])
    page = client.get("/runs/run").text
    assert "8 of 12 trials have numbers" in page
    assert page.count("so far, n = 4: no verdict yet") == 2
    assert "3 of 9" in page
    assert "Validation accuracy of tanh seed 4 by epoch: 30.0 % after 3 of 9" in page
    assert len(re.search(r'<polyline points="([^"]+)"', page)[1].split()) == 3
    for word in ("better", "equivalent", "not shown", "adjusted p"):
        assert word not in page
    assert client.get("/runs/run/report").status_code == 404


def test_a_complete_run_has_its_verdicts_and_its_report(client, begin, add, monkeypatch):
    monkeypatch.setattr(page, "html_report", lambda folder, registry: f"<p>All of {folder.path.name}</p>")
    folder = begin()
    add(folder, range(6))
    folder.close()
    shown = client.get("/runs/run").text
    assert "no verdict yet" not in shown
    assert "adjusted p" in shown
    assert 'href="/runs/run/report"' in shown
    report = client.get("/runs/run/report")
    assert report.status_code == 200
    assert report.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert report.text == "<p>All of run</p>"


def test_a_report_is_made_once_for_all_who_ask_and_few_are_kept(client, begin, add, monkeypatch):
    made = []
    monkeypatch.setattr(page, "html_report", lambda folder, registry: (made.append(folder.path.name), "report")[1])
    names = [f"run-{number}" for number in range(5)]
    for name in names:
        folder = begin(name=name)
        add(folder, range(6))
        folder.close()
    for name in (*names, "run-4", "run-4", "run-1", "run-0"):
        assert client.get(f"/runs/{name}/report").text == "report"
    assert made == [*names, "run-0"]


def test_a_planned_look_shows_its_verdicts_beside_the_numbers_so_far(client, begin, add, make_plan):
    criteria = Criteria(baseline="relu", interim_analyses=(8, 11, 14), spending="haybittle-peto")
    plan = replace(make_plan(("relu", "tanh"), range(8)), judging=criteria)
    folder = begin(plan)
    add(folder, range(7))
    assert "The next verdicts come with the planned look at 8 seeds." in client.get("/runs/run").text
    add(folder, [7])
    folder.extend(replace(plan, seeds=tuple(range(11))))
    page = client.get("/runs/run").text
    assert "As of the planned look at 8 seeds." in page
    assert "adjusted p" in page
    assert page.count("so far, n = 8: no verdict yet") == 2
    assert "The next verdicts come with the planned look at 11 seeds." in page
    assert "The whole report" not in page
    assert client.get("/runs/run/report").status_code == 404


def test_a_run_that_cannot_be_judged_says_why_and_the_server_goes_on(client, begin, add, monkeypatch):
    def judge(self):
        raise ZeroDivisionError("of something")

    folder = begin()
    add(folder, range(6))
    monkeypatch.setattr(FollowedRun, "judge", judge)
    assert "It cannot be judged: ZeroDivisionError: of something." in client.get("/runs/run").text
    assert client.get("/").status_code == 200


def test_labels_and_messages_stay_text(client, begin, make_plan, make_record):
    plan = make_plan(("relu", "tanh"), range(6))
    named = replace(plan, variants=(plan.variants[0], replace(plan.variants[1], label=NASTY)))
    folder = begin(named)
    folder.add(make_record("tanh", 0, status="failed", message=NASTY))
    folder.show_running([RunningTrial(trial_id="x", label=NASTY, seed=1, epochs=3)])
    page = client.get("/runs/run").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert not re.search("[\u202e\x1b]", page)


def test_a_name_is_compared_and_never_made_a_path(client, begin, tmp_path):
    begin()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "manifest.json").write_text("{}")
    (tmp_path / "results" / "link").symlink_to(tmp_path / "secret")
    for name in ("%2e%2e", "..%2fsecret", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "link", "run%00", "run/", ""):
        for rest in ("", "/events", "/report"):
            assert client.get(f"/runs/{name}{rest}", follow_redirects=False).status_code in (307, 404)
    for name in ("../live.css", "..%2ftemplates%2frun.html", "live.css%00", "application.py"):
        assert client.get(f"/assets/{name}").status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "", "10.0.0.7", "[::1]"]
)
def test_another_name_of_this_machine_is_refused(client, begin, host):
    begin()
    answer = client.get("/runs/run", headers={"Host": host})
    assert answer.status_code == 400
    assert "trials" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1:8643"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    ],
)
def test_a_page_of_another_origin_gets_nothing(client, headers):
    answer = client.get("/", headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8642"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"Host": "localhost:9000"},  # through a tunnel
    ],
)
def test_the_page_itself_a_link_and_a_tunnel_are_answered(client, headers):
    assert client.get("/", headers=headers).status_code == 200


def test_every_answer_is_this_origins_alone(client, begin):
    begin()
    for path in ("/", "/runs/run", "/assets/live.js", "/nowhere", "/runs/run/report"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
    assert "text/javascript" in client.get("/assets/live.js").headers["content-type"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(client, begin, method):
    begin()
    for path in ("/", "/runs/run", "/runs/run/events", "/runs/run/report", "/assets/live.js"):
        assert client.request(method, path).status_code == 405


def test_only_one_run_is_served_where_one_is_named(begin, tmp_path):
    begin(name="one")
    begin(name="two")
    folder = WatchedFolder(tmp_path / "results", tmp_path / "results" / "one")
    client = testclient.TestClient(application(folder), base_url="http://127.0.0.1:8642")
    assert client.get("/", follow_redirects=False).headers["location"] == "/runs/one"
    assert "All runs" not in client.get("/").text
    assert client.get("/runs/two").status_code == 404


def test_a_head_request_for_events_ends(client, begin):
    begin()
    assert client.head("/runs/run/events").status_code == 200


@pytest.mark.slow
def test_watching_writes_nothing(client, begin, add, tmp_path):
    folder = begin()
    add(folder, range(6))
    folder.close()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")}
    for path in ("/", "/runs/run", "/runs/run/report"):
        assert client.get(path).status_code == 200
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")} == before
