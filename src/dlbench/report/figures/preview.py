"""The curve of one component, drawn to a file."""

import io
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dlbench.components.descriptions import Picture
from dlbench.files import replace_file, writing_to
from dlbench.report.palette import style


def draw_picture(picture: Picture, path: Path) -> None:
    """Draw a picture to a PNG file."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for position, curve in enumerate(picture.curves):
        line_style = style(position)
        axes.plot(curve.x, curve.y, color=line_style.color, linestyle=line_style.line, label=curve.label)
    axes.set_title(picture.title, fontsize=10, loc="left")
    axes.set_xlabel(picture.x_label)
    axes.set_ylabel(picture.y_label)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if len(picture.curves) > 1:
        axes.legend(frameon=False)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=150)
    with writing_to(path, "Choose another file with --png."):
        replace_file(path, image.getvalue())
