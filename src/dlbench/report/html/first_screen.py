"""What the page says first: what was compared on what, and the verdicts as sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from dlbench.analysis.answers import ExperimentAnswers, Findings
from dlbench.analysis.claims import counts_in_words
from dlbench.analysis.judged import Judged
from dlbench.analysis.places import short_name, words
from dlbench.analysis.spread_wording import advice, sentences
from dlbench.experiments.experiment_file import Experiment
from dlbench.plans.plan_record import PlanRecord
from dlbench.report.html.page_table import as_sentence
from dlbench.trials.trial_record import COMPLETED, TrialRecord

#: More sentences, or longer ones together, push the figure off a phone's first screen; the section of verdicts has all.
_SENTENCES, _CHARACTERS = 3, 420
#: More values than these are counted.
_NAMED = 8
#: What a comparison is made on, if it does not vary.
_GROUND = ("dataset", "model")


@dataclass(frozen=True, kw_only=True)
class FirstScreen:
    """The top of a page.

    title: the experiment's, else the run's name.
    run: the run's name.
    experiment: name of the experiment, or "".
    description: the experiment's, in paragraphs.
    compared: what was compared on what, in one sentence.
    changed: how the run deviates from its experiment, a sentence, or "".
    caution: what weakens the verdicts, a sentence, or "".
    sentences: the verdicts.
    more: how many further sentences there are.
    claims: the counts of answers to the experiment's claims, or "".
    """

    title: str
    run: str
    experiment: str
    description: Sequence[str]
    compared: str
    changed: str
    caution: str
    sentences: Sequence[str]
    more: int
    claims: str


def first_screen(
    name: str,
    plan: PlanRecord,
    records: Sequence[TrialRecord],
    judged: Judged,
    findings: Findings | ExperimentAnswers,
    experiment: Experiment | None,
) -> FirstScreen:
    """Return the top of a run's page. name: the run's."""
    found = spread_sentences(judged) or verdict_sentences(judged)
    shown = fitting(found)
    changed = findings.deviations if isinstance(findings, ExperimentAnswers) else ""
    description = experiment.description.strip().split("\n\n") if experiment and experiment.description else []
    return FirstScreen(
        title=experiment.title if experiment else name,
        run=name,
        experiment=plan.experiment,
        description=[" ".join(paragraph.split()) for paragraph in description],
        compared=compared(plan, records, judged),
        changed=as_sentence(changed) if changed else "",
        caution=f"{judged.second_look}." if judged.second_look else "",
        sentences=[as_sentence(text) for text in shown],
        more=len(found) - len(shown),
        claims=f"{counts_in_words(findings.claims)}." if findings.claims else "",
    )


def verdict_sentences(judged: Judged) -> list[str]:
    """Return a sentence for each verdict that a screen shows, those that were shown first; a note if there is none."""
    pairs = [
        (comparison.separated or comparison.verdict == "equivalent", text)
        for family in (*judged.shown_effects, *judged.averages)
        for comparison, text in zip(family.comparisons, family.sentences, strict=False)
    ]
    ordered = [text for shown, text in pairs if shown] + [text for shown, text in pairs if not shown]
    return list(dict.fromkeys(ordered)) or list(judged.notes[:1])


def fitting(sentences: Sequence[str]) -> Sequence[str]:
    """Return the first of some sentences: those that fit, and one in any case."""
    ends = accumulate(map(len, sentences))
    count = sum(end <= _CHARACTERS for end in ends)
    return sentences[: min(max(count, 1), _SENTENCES)]


def spread_sentences(judged: Judged) -> list[str]:
    """Return what would make a spread smaller, and then where it comes from; [] where that was not asked."""
    advised = [text for table in judged.spread if (text := advice(table))]
    return [*advised, *(text for table in judged.spread for text in sentences(table))]


def compared(plan: PlanRecord, records: Sequence[TrialRecord], judged: Judged) -> str:
    """Return what was compared, where, and how much of it has numbers.

    As in "Activation relu or tanh, on mnist with simple-cnn; 7 seeds each, all 14 trials have numbers."
    """
    varied = "; ".join(_axis(axis, values) for axis, values in plan.axes.items())
    shared = [name for name in _GROUND if name in plan.fixed and not _varies(name, plan)]
    place = f"on {' with '.join(short_name(plan.fixed[name]) for name in shared)}" if "dataset" in shared else ""
    if judged.spread:
        values = sum(table.count for table in judged.spread)
        return as_sentence(
            f"{', '.join(filter(None, ('where the spread comes from', varied, place)))}; {values} values"
        )
    answered = sum(record.status in COMPLETED for record in records)
    done = f"all {answered} trials" if answered == plan.trial_count else f"{answered} of {plan.trial_count} trials"
    seeds = f"{len(plan.seeds)} seed{'s' * (len(plan.seeds) != 1)}{' each' * bool(varied)}"
    return as_sentence(f"{', '.join(filter(None, (varied, place)))}; {seeds}, {done} have numbers")


def _varies(name: str, plan: PlanRecord) -> bool:
    """Return whether variants differ in a setting: it is an axis, or one of them sets its own."""
    return name in plan.axes or any(name in variant.assigned for variant in plan.variants)


def _axis(axis: str, values: Sequence[str]) -> str:
    several = f"{', '.join(values[:_NAMED])} and {len(values) - _NAMED} more" if len(values) > _NAMED else ""
    text = several or " or ".join(filter(None, (", ".join(values[:-1]), values[-1]))) if values else ""
    return f"compared: {text}" if axis == "variant" else f"{words(axis)} {text}"
