"""The hand-made records of the tests of results/, here too."""

import runpy
from pathlib import Path

_shared = runpy.run_path(str(Path(__file__).parents[1] / "results" / "conftest.py"))
make_record = _shared["make_record"]
make_plan = _shared["make_plan"]
surroundings = _shared["surroundings"]
