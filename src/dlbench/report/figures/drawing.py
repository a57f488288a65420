"""The drawing functions of dlbench's figures, in one object for the figures of plugins."""

from dlbench.report.figures.canvas import canvas, legend_below, log_scale_where_wide, style_axes, with_note
from dlbench.report.palette import style


class Drawing:
    """The parts of every figure.

    canvas: an empty figure of a size in inches.
    style_axes: title, grid and spines of axes.
    legend_below: the legend under the figure.
    log_scale_where_wide: a logarithmic axis where the values span more than a ratio.
    with_note: a label of any length with its note in parentheses.
    style: color, marker and line by number.
    """

    canvas = staticmethod(canvas)
    style_axes = staticmethod(style_axes)
    legend_below = staticmethod(legend_below)
    log_scale_where_wide = staticmethod(log_scale_where_wide)
    with_note = staticmethod(with_note)
    style = staticmethod(style)
