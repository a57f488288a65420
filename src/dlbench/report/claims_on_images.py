"""The part of the summary of experiments that says which claims hold on other test images."""

from collections.abc import Iterator
from dataclasses import replace

from dlbench.analysis.claims_on_images import ClaimOnImages
from dlbench.analysis.other_images import METRIC
from dlbench.analysis.survival import counted_in_words
from dlbench.components.metric_table import find_metric
from dlbench.report.markdown_table import markdown_table
from dlbench.runs.experiment_runs import ExperimentRuns
from dlbench.statistics.sentences import difference_in_words
from dlbench.statistics.verdicts import Comparison, Rules

_MEANING = """A claim may hold for the test images that there are, or for all images of their kind. The claims below
order variants by accuracy, in runs that keep which test images each trial classified correctly. Each is asked once more
by test accuracy, which is that of the selected epoch: on these images, with an interval over seeds, and on others like
them, over seeds and images.
"""
_RULES = Rules.for_metric(find_metric(METRIC))


def claims_on_other_images(answered: ExperimentRuns) -> str:
    """Return the section, in Markdown; "" where no run can say it."""
    asked = [(run.folder, claim) for run in answered.runs for claim in run.on_images]
    if not asked:
        return ""
    headings = ("folder", "claim", "answer", "test accuracy, on these images", "on other images", "so")
    table = markdown_table(headings, [(f"[{folder}]({folder})", *_cells(claim)) for folder, claim in asked])
    supported = [claim.words for _, claim in asked if claim.answer == "supported"]
    counted = [f"{counted_in_words(supported)}\n"] if supported else []
    return "\n".join(["## Which claims hold on other test images\n", _MEANING, *counted, table])


def _cells(claim: ClaimOnImages) -> Iterator[str]:
    yield claim.text
    yield claim.answer
    yield "; ".join(f"{each.variant} − {each.baseline} = {_here(each)}" for each in claim.differences)
    yield "; ".join(_elsewhere(each) for each in claim.differences)
    yield f"**{claim.words}**"


def _here(found: Comparison) -> str:
    return difference_in_words(found, _RULES)


def _elsewhere(found: Comparison) -> str:
    return difference_in_words(
        replace(found, difference_low=found.images_low, difference_high=found.images_high), _RULES
    )
