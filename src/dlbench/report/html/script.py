"""The JavaScript of a page: Vega from an installed wheel, if it is there, and the page's own, which is small."""

import base64
import hashlib
import json
from functools import cache
from importlib import import_module, util
from importlib.resources import files
from typing import Any

#: The package whose wheel carries Vega, Vega-Lite and Vega-Embed with all that they need; see pyproject.toml.
_LIBRARY = "vl_convert"
#: What makes a page interactive.
REMEDY = "pip install 'dlbench[report]'"


def is_interactive() -> bool:
    """Return whether charts can be drawn by pages that are written now."""
    return util.find_spec(_LIBRARY) is not None


@cache
def page_script() -> str:
    """Return all JavaScript of a page: the charts' library, where it is installed, and the page's own."""
    return closed(f"{_library()}\n{asset('page.js')}")


@cache
def _library() -> str:
    """Return the charts' library, which sets `window.vegaEmbed`; bundling it takes three seconds. "" without it."""
    if not is_interactive():
        return ""
    bundle: str = import_module(_LIBRARY).javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return f"(() => {{\n{bundle}\n}})();"  # its names stay its own


def asset(name: str) -> str:
    """Return a file of the page."""
    return files("dlbench.report.html").joinpath("templates", name).read_text(encoding="utf-8")


def closed(script: str) -> str:
    """Return a script that cannot end its element before its own end."""
    return script.replace("</script", r"<\/script").replace("<!--", r"<\!--")


def fingerprint(script: str) -> str:
    """Return the hash by which a content security policy allows an inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def data_block(content: Any) -> str:
    """Return JSON as it may stand in a script element, whatever texts it holds."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
