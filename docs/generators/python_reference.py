"""The page of the Python interface: its functions with their keywords, and the results that they return."""

import inspect
import re
from functools import cached_property
from types import FunctionType
from typing import Any

import dlbench
from writing import code, field_meanings, sentences, table

HEAD = """# Python

The commands as functions. Trials run in processes of their own. Frames are pandas', with the columns of
[the files](files.md). What exits with 2 on the command line raises `dlbench.DlbenchError`, whose text is the same.

```python
import dlbench

found = dlbench.compare(activation=["relu", "tanh"], epochs=2, seeds=6)
print(found)  # a sentence for each verdict
print(found.comparison[["variant", "difference", "difference_low", "difference_high", "verdict"]])
found.plot("differences").savefig("differences.png")
found.report("report.html")
```

A notebook shows a result as its verdicts and one figure; [From Python and notebooks](../how-to/python.md) has more.

"""
FUNCTIONS = ("compare", "run", "load_results", "confirm", "replay", "spread")
RESULTS = ("Comparison", "Repetition", "SpreadResult")
#: In signatures: the modules of types, and the type of further keywords, which the text below describes.
_NOISE = re.compile(r"typing\.|pathlib\.(?:_local\.)?|collections\.abc\.|(?<=\*\*session).*")


def python_page() -> str:
    """Return the page of the functions that run comparisons and of what they return."""
    return HEAD + "".join(_function(getattr(dlbench, name)) for name in FUNCTIONS) + "".join(map(_result, RESULTS))


def _function(function: Any) -> str:
    prose, meanings = field_meanings(function.__doc__)
    rows = [[code(name), meaning] for name, meaning in meanings.items()]
    keywords = table(["argument", "meaning"], rows) if rows else ""
    return f"## dlbench.{function.__name__}\n\n```text\n{_signature(function)}\n```\n\n{sentences(prose)}\n\n{keywords}"


def _signature(function: Any) -> str:
    """Return a call with its arguments, one a line where there are many."""
    parameters = inspect.signature(function).parameters.values()
    texts = [_NOISE.sub("", str(each)) for each in parameters]
    if keywords := [place for place, each in enumerate(parameters) if each.kind is each.KEYWORD_ONLY]:
        texts.insert(keywords[0], "*")
    inner = ", ".join(texts) if len(texts) < 8 else "\n    " + ",\n    ".join(texts) + ",\n"
    return f"{function.__name__}({inner})"


def _result(name: str) -> str:
    cls = getattr(dlbench, name)
    prose, meanings = field_meanings(cls.__doc__)
    rows = [[code(field), meaning] for field, meaning in meanings.items()]
    members = {member: value for member, value in vars(cls).items() if _is_public(member, value)}
    rows += [[code(member), sentences(value.__doc__).removeprefix("Return ")] for member, value in members.items()]
    return f"## dlbench.{name}\n\n{sentences(prose)}\n\n{table(['attribute', 'meaning'], rows)}"


def _is_public(name: str, value: object) -> bool:
    return isinstance(value, property | cached_property | FunctionType) and not name.startswith("_")
