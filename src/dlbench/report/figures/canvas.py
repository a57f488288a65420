"""What all figures share: size, fonts, axes, legend, and rendering to a file."""

import io
import math
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from dlbench.report.figure_names import Format
from dlbench.report.palette import Style

WIDTH = 10.0
INK = "#333333"
#: Width of the line of an interval.
INTERVAL_WIDTH = 2.2

# Labels come from users, so $ and _ are literal. The other settings make equal figures equal files.
_SETTINGS: Mapping[Any, Any] = MappingProxyType(
    {
        "text.parse_math": False,
        "text.usetex": False,
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9.0,
        "axes.titlesize": 10.0,
        "legend.fontsize": 8.5,
        "svg.fonttype": "path",
        "svg.hashsalt": "dlbench",
        "pdf.fonttype": 42,
    }
)
_NO_DATE: Mapping[Format, dict[str, None]] = MappingProxyType(
    {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
)


def render(draw: Callable[[], Figure], format: Format) -> bytes:  # noqa: A002  # the field's word
    """Return a figure's file, drawn with dlbench's settings regardless of the user's matplotlibrc."""
    file = io.BytesIO()
    with rc_context(dict(_SETTINGS)), warnings.catch_warnings():
        # A label in a script that the font lacks shows boxes, which deserves no warning.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
        draw().savefig(file, format=format, dpi=150, metadata=_NO_DATE[format])
    return file.getvalue()


def drawn(draw: Callable[[], Figure]) -> Figure:
    """Return a figure that is drawn with dlbench's settings regardless of the user's matplotlibrc."""
    with rc_context(dict(_SETTINGS)):
        return draw()


def canvas(height: float, width: float = WIDTH, *, square: bool = False) -> Figure:
    """Return an empty figure.

    height, width: in inches.
    square: whether its axes keep their proportions.
    """
    figure = Figure(figsize=(width, height), layout="compressed" if square else "constrained")
    FigureCanvasAgg(figure)
    return figure


def style_axes(axes: Axes, title: str, grid: Literal["both", "x"] = "both") -> None:
    """Set the title of axes, a faint grid, and only the left and bottom spines."""
    axes.set_title(title, loc="left")
    axes.grid(axis=grid, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def name_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Set named rows on the y axis, the first on top."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def draw_estimate(axes: Axes, row: float, value: float, interval: tuple[float, float], style: Style) -> None:
    """Draw a value in a row as a marker, above its interval as a line; what is not finite is left out."""
    if all(map(math.isfinite, interval)):
        axes.plot(interval, [row, row], color=style.color, linewidth=INTERVAL_WIDTH, solid_capstyle="butt")
    if math.isfinite(value):
        axes.plot(
            value,
            row,
            color=style.color,
            marker=style.marker,
            markersize=8 * style.size,
            markeredgecolor="white",
            markeredgewidth=0.8,
            zorder=3,
        )


def wrapped(label: str, width: int = 34, lines: int = 3) -> str:
    """Return a label wrapped into a few short lines."""
    return textwrap.fill(" ".join(label.split()), width, max_lines=lines, placeholder=" …")


def with_note(label: str, note: str, width: int = 34, lines: int = 2) -> str:
    """Return a wrapped label with a note in parentheses, which is never shortened."""
    text = wrapped(label, width, lines)
    last = len(text.rpartition("\n")[2])
    return f"{text}{' ' if lines == 1 or last + len(note) < width else chr(10)}({note})"


def log_scale_where_wide(axes: Axes, axis: Literal["x", "y"], values: Sequence[float], ratio: float = 30) -> None:
    """Use a logarithmic scale where all values are positive and span more than a ratio; it would hide the others."""
    drawn = np.asarray(values, dtype=float)
    finite = drawn[np.isfinite(drawn)]
    if not finite.size or finite.min() <= 0 or finite.max() <= ratio * finite.min():
        return
    axes.set(**{f"{axis}scale": "log"})
    scale = axes.xaxis if axis == "x" else axes.yaxis
    # matplotlib's own powers of ten need math text, which is disabled for the labels.
    scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    scale.set_minor_formatter(NullFormatter())


def legend_below(figure: Figure, handles: Sequence[Artist]) -> None:
    """Add a legend below the figure, in as many columns as fit, and enlarge the figure by its rows."""
    longest = max((len(str(handle.get_label())) for handle in handles), default=1)
    columns = max(1, min(len(handles), int(figure.get_figwidth() / (0.75 + 0.075 * longest))))
    rows = -(-len(handles) // columns)
    figure.set_figheight(figure.get_figheight() + 0.19 * rows)
    figure.legend(handles=list(handles), loc="outside lower center", ncols=columns, frameon=False, handlelength=3.2)
