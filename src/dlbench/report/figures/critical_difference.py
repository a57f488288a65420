"""Mean ranks over several data sets: the critical-difference diagram."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlbench.analysis.across_datasets import AcrossDatasets, named
from dlbench.report.figures.canvas import INK, canvas, wrapped
from dlbench.report.figures.figure_data import FigureData
from dlbench.report.palette import style
from dlbench.statistics.notation import p_equation
from dlbench.statistics.ranking import Ranking

#: Heights in units of a row of labels: of the axis of ranks, and between the bars of two groups.
_TOP, _BAR = 1.0, 0.35
#: Room for labels on either side, as a share of the axis of ranks.
_MARGIN = 0.5


def unavailable_reason(data: FigureData) -> str:
    """Return why there is no critical-difference diagram, or ""."""
    across = data.judged.across
    if across is None:
        return data.without_datasets
    return "" if len(across.values) > 2 else "two variants are compared by the sign test, not by mean ranks"


def groups(ranking: Ranking) -> list[tuple[float, float]]:
    """Return the mean ranks between which variants were not shown to differ: the largest such groups, from the best."""
    ranks = sorted(ranking.mean_ranks)
    if not ranking.p <= ranking.alpha:
        return [(ranks[0], ranks[-1])]
    found: list[tuple[float, float]] = []
    for low in ranks:
        high = max(rank for rank in ranks if rank - low < ranking.critical_difference)
        if high > low and not any(first <= low and high <= last for first, last in found):
            found.append((low, high))
    return found


def draw(data: FigureData) -> Figure:
    """Draw the axis of mean ranks, the best on the left, a label per variant, and a bar under those not apart."""
    across = data.judged.across
    assert across is not None
    ranking = across.ranking
    bars = groups(ranking)
    order = sorted(range(len(ranking.variants)), key=lambda place: (ranking.mean_ranks[place], place))
    half = -(-len(order) // 2)
    start = _TOP + 0.6 + _BAR * len(bars)
    figure = canvas(1.0 + 0.32 * (start + half + 1.2), width=9.5)
    axes = figure.subplots()
    axes.set_axis_off()
    margin = _MARGIN * (len(order) - 1)
    axes.set(xlim=(1 - margin, len(order) + margin), ylim=(start + half, -1.9))
    axes.set_title(_title(across), loc="left", fontsize=10)
    _scale(axes, ranking)
    thick = 0.01 * (len(order) - 1)
    for number, (low, high) in enumerate(bars):
        y = _TOP + 0.35 + _BAR * number
        axes.plot([low - thick, high + thick], [y, y], color=INK, linewidth=4, solid_capstyle="butt")
    for number, place in enumerate(order[:half]):
        _label(axes, ranking, place, start + number, left=True)
    for number, place in enumerate(reversed(order[half:])):
        _label(axes, ranking, place, start + number, left=False)
    return figure


def _title(across: AcrossDatasets) -> str:
    ranking, metric = across.ranking, across.rules.metric.title
    if not ranking.could_show:
        shown = "so few data sets cannot show any ranking"
    elif not ranking.p <= ranking.alpha:
        shown = f"Friedman {p_equation(ranking.p)}: no differences shown"
    else:
        shown = f"Friedman {p_equation(ranking.p)}; a bar joins variants that are not shown to differ"
    return f"mean rank by {metric} over {wrapped(named(across.datasets), 90, 2)}\n{shown}"


def _scale(axes: Axes, ranking: Ranking) -> None:
    """Draw the axis of ranks, and above it the critical difference as a length."""
    last = len(ranking.variants)
    axes.plot([1, last], [_TOP, _TOP], color=INK, linewidth=1)
    for rank in range(1, last + 1):
        axes.plot([rank, rank], [_TOP - 0.18, _TOP], color=INK, linewidth=1)
        axes.text(rank, _TOP - 0.3, str(rank), ha="center", va="bottom")
    apart = ranking.critical_difference
    y = -0.75
    axes.plot([1, 1 + apart], [y, y], color=INK, linewidth=1.2)
    for end in (1, 1 + apart):
        axes.plot([end, end], [y - 0.15, y + 0.15], color=INK, linewidth=1.2)
    text = f"critical difference {apart:.2f}" + ("" if apart <= last - 1 else ", more than any two ranks can differ")
    axes.text(1, y - 0.3, text, ha="left", va="bottom")


def _label(axes: Axes, ranking: Ranking, place: int, y: float, *, left: bool) -> None:
    rank, own = ranking.mean_ranks[place], style(place)
    side = 0.06 * (len(ranking.variants) - 1)
    edge = 1 - side if left else len(ranking.variants) + side
    axes.plot([rank, rank, edge], [_TOP, y, y], color=own.color, linewidth=1, zorder=1)
    axes.plot(rank, _TOP, color=own.color, marker=own.marker, markersize=7 * own.size, markeredgecolor="white")
    texts = (wrapped(ranking.variants[place], 30, 1), f"{rank:.2f}")
    text = "  ".join(texts if left else reversed(texts))
    axes.text(edge + (-side if left else side) / 4, y, text, ha="right" if left else "left", va="center")
