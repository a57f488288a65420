"""`dlbench serve` as people use it: a run watched in a browser to its end, fifty at once, ten thousand events."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from urllib.parse import urlsplit

import pytest

from dlbench.runs.folder import RunFolder
from dlbench.runs.running_trials import RunningTrial

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
pytest.importorskip("uvicorn", reason="the extra serve is not installed")

CHROMIUM = shutil.which("chromium")
AXE = Path(sys.prefix) / "node" / "node_modules" / "axe-core" / "axe.min.js"
#: For what depends on a busy machine.
PATIENCE_SECONDS = 180
PATIENCE = PATIENCE_SECONDS * 1000
SERVE = """
    import sys, time
    from pathlib import Path

    from dlbench.serve import event_stream
    from dlbench.serve.server import serve
    from dlbench.serve.watched_runs import WatchedFolder

    event_stream.POLL_SECONDS = 0.005
    if "stuck" in sys.argv:
        WatchedFolder.parts = lambda self: time.sleep(600)
    serve(WatchedFolder(Path(sys.argv[1])), 0, lambda url: print(url, flush=True))
"""
PLUGIN = """
    from dlbench import Executor, Parameter, hookimpl

    @hookimpl
    def dlbench_executors():
        jobs, data = Parameter(None, type=int), Parameter(None, type=str)
        factory, summary = f"{__name__}_parts:Made", "Numbers without training"
        return [Executor(name="made", factory=factory, summary=summary, parameters={"jobs": jobs, "data_dir": data})]
"""
PARTS = """
    import random, time

    from dlbench.executors.local import LocalExecutor
    from dlbench.trials.events import EpochFinished, TrialFinished, TrialStarted
    from dlbench.trials.trial_record import TrialRecord

    NAMES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")

    class Made(LocalExecutor):
        engine = f"{__name__}:run_unit"
        preloaded = ("dlbench.executors.worker",)

    def run_unit(unit, data_dir, emit, stop):
        (trial,) = unit.trials
        emit(TrialStarted(trial_id=trial.trial_id))
        drawn, better, rows = random.Random(trial.trial_id), "tanh" in trial.activation.name, []
        for epoch in range(1, trial.settings.epochs + 1):
            time.sleep(0.05)
            value = 0.5 + 0.1 * better + 0.05 * epoch + 0.01 * drawn.random()
            rows.append({"epoch": epoch, "learning_rate": 0.1, **dict.fromkeys(NAMES, value)})
            emit(EpochFinished(trial_id=trial.trial_id, epoch=epoch, metrics=rows[-1]))
        metrics = dict.fromkeys((*NAMES, "test_loss", "test_accuracy"), value) | {"best_epoch": len(rows)}
        cost = {"train_seconds": 0.1}
        record = TrialRecord(trial=trial, status="done", metrics=metrics, cost=cost, epochs=tuple(rows))
        emit(TrialFinished(record=record))
"""
RUN = (
    "compare",
    "--executor",
    "made",
    "--activation",
    "relu,tanh,elu",
    "--seeds",
    "20",
    "--epochs",
    "4",
    "--jobs",
    "3",
)
#: Keeps every state of the comparison that the page shows.
RECORDER = """
    window.states = [];
    const [said, part] = ["progress", "comparison"].map((name) => document.querySelector(`[data-part="${name}"]`));
    const keep = () => window.states.push([said.innerText, part.innerText]);
    new MutationObserver(keep).observe(part, {childList: true, subtree: true});
    keep();
"""
VERDICT = re.compile(r"\b(better|worse|equivalent|not shown|negligible|adjusted p)\b")


@pytest.fixture
def start(tmp_path, data_dir):
    """Start processes of Python; they end with the test."""
    processes = []
    site = tmp_path / "site-packages"
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "DLBENCH_DATA_DIR": str(data_dir),
        "DLBENCH_RESULTS_DIR": "results",
    }

    def run(*arguments, stdout=subprocess.PIPE):
        command = [sys.executable, *arguments]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=stdout, stderr=subprocess.DEVNULL, text=True
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.wait(timeout=PATIENCE_SECONDS)
        if process.stdout:
            process.stdout.close()


def serve(start, port=0):
    process = start("-m", "dlbench", "serve", "--port", str(port))
    return process, process.stdout.readline().strip()


@pytest.fixture
def page():
    """A page of a browser that notes what goes wrong and whom it asks."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.wrong, page.asked = [], []
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("console", lambda said: page.wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: page.asked.append(urlsplit(request.url).hostname))
        yield page
        browser.close()


@pytest.fixture
def made(install, tmp_path):
    """Install an executor that makes numbers up, so that a run of many trials takes seconds."""
    install("made", PLUGIN)
    (module,) = (tmp_path / "site-packages").glob("fake_*.py")
    module.with_name(f"{module.stem}_parts.py").write_text(dedent(PARTS))


def check_looks(page):
    """Check a page on a wide light screen and on a dark phone: nothing hangs over, everybody can read it."""
    for scheme, width in (("light", 1200), ("dark", 400)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        if AXE.is_file():
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
            assert [each for each in found if each["impact"] in ("serious", "critical")] == []


def test_a_run_is_watched_from_start_to_end_also_past_a_server_that_was_killed(made, start, page, tmp_path):
    server, url = serve(start)
    page.goto(url)
    page.get_by_text("There are no runs here yet").wait_for()
    start("-m", "dlbench", *RUN, "--name", "watched", stdout=subprocess.DEVNULL)
    page.get_by_role("link", name="watched").click()
    page.evaluate(RECORDER)
    page.locator(".curve polyline").first.wait_for()
    page.get_by_text(re.compile("so far, n = [1-9]")).first.wait_for()
    check_looks(page)
    assert page.wrong == []

    server.kill()
    server.wait(timeout=PATIENCE_SECONDS)
    page.get_by_text("The server does not answer").wait_for()
    before = page.evaluate("window.states.length")
    server, again = serve(start, urlsplit(url).port)
    assert again == url
    page.get_by_text("The server does not answer").wait_for(state="hidden")
    page.get_by_text("60 of 60 trials have numbers").wait_for()
    page.get_by_text("complete").wait_for()
    assert page.title() == "(60/60) watched · dlbench"
    assert page.get_by_text("No session works on this run now.").is_visible()
    check_looks(page)

    states = page.evaluate("window.states")
    assert len(states) > before > 1
    early = [shown for said, shown in states if "60 of 60" not in said]
    assert len(early) > 2
    assert all(shown.count("no verdict yet") == 3 and not VERDICT.search(shown) for shown in early)
    assert VERDICT.search(states[-1][1])
    assert "no verdict yet" not in states[-1][1]
    assert set(page.asked) == {"127.0.0.1"}
    assert [text for text in page.wrong if "ERR_" not in text] == []  # the connection was lost once, as it should be

    assert "/libtorch" not in Path(f"/proc/{server.pid}/maps").read_text()
    began = time.monotonic()
    server.send_signal(signal.SIGINT)  # while the page's stream is open
    assert server.wait(timeout=PATIENCE_SECONDS) == 0
    assert time.monotonic() - began < 10
    assert not list((tmp_path / "results" / "watched" / "journal").glob(".*"))


async def _client(url, heard, stop):
    """Read the events of a run until told to stop; count them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    writer.write(f"GET /runs/run/events HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode())
    while not stop.is_set():
        line = await reader.readline()
        assert line, "the server ended the stream"
        heard.append(line) if line.startswith(b"event: ") else None
    writer.close()


def _memory_mb(process):
    """Return the memory of a process that is in use, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000


def test_fifty_clients_get_ten_thousand_events_in_the_same_memory(start, tmp_path, make_plan, make_record, provenance):
    with RunFolder(tmp_path / "results" / "run") as folder:
        folder.start(make_plan(("relu", "tanh"), range(300)), ("dlbench", "compare"), provenance)
        server = start("-c", dedent(SERVE), "results")
        url = server.stdout.readline().strip()
        running = RunningTrial(trial_id="x", label="relu", seed=0, epochs=500)

        async def watch():
            stop, clients = asyncio.Event(), [[] for _ in range(50)]
            tasks = [asyncio.create_task(_client(url, heard, stop)) for heard in clients]
            memory = []
            async with asyncio.timeout(2 * PATIENCE_SECONDS):
                while min(map(len, clients)) < 3:  # every client has every part
                    await asyncio.sleep(0.05)
                for change in range(1, 221):
                    count = min(map(len, clients))
                    folder.show_running([running.after(change, {"validation_accuracy": change / 500})])
                    if change % 50 == 0:
                        folder.add(make_record("relu", change))
                    while min(map(len, clients)) <= count:
                        await asyncio.sleep(0.002)
                    if change in (20, 220):
                        memory.append(_memory_mb(server))
                stop.set()
                folder.show_running([])
                await asyncio.gather(*tasks)
            return memory, sum(map(len, clients))

        (early, late), events = asyncio.run(watch())
    print(f"{events} events, {early:.1f} MB after the first tenth, {late:.1f} MB at the end")
    assert events >= 10_000
    assert late - early < 5


def test_ctrl_c_ends_it_at_once_in_the_middle_of_its_work(start):
    server = start("-c", dedent(SERVE), "results", "stuck")
    url = urlsplit(server.stdout.readline().strip())
    with socket.create_connection(("127.0.0.1", url.port), timeout=PATIENCE_SECONDS) as asking:
        asking.sendall(f"GET /../../etc/passwd HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        assert b" 404 " in asking.recv(4096)
        asking.sendall(f"GET / HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        time.sleep(0.5)
        began = time.monotonic()
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=PATIENCE_SECONDS) == 0
    assert time.monotonic() - began < 10
