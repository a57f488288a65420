"""Verdicts of tuned variants, each of whose sentences can be quoted alone."""

from dataclasses import replace

from dlbench.analysis.tuned_verdicts import judge_tuned
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord

NAMES = ("relu", "tanh", "elu")


def test_every_sentence_says_that_the_variants_were_tuned_averages_over_data_sets_too(make_study):
    records, plan = make_study("ab", lambda name, dataset, seed: 0.9 - NAMES.index(name) / 50 + (seed % 3) / 500)
    labels = [variant.label for variant in plan.variants]
    candidates = {v.label: (Candidate(values={"learning_rate": 0.01}, variant_id=v.variant_id),) for v in plan.variants}
    search = Search(seeds=(1_000_000,), candidates=candidates, chosen=dict.fromkeys(labels, 0))
    ranges = {label: {"learning_rate": "log:0.001..0.1"} for label in labels}
    judged = judge_tuned(records, replace(plan, tuning=TuningRecord(ranges=ranges, budget=1, searches=(search,))))
    sentences = [text for family in judged.all_families for text in family.sentences]
    assert judged.averages[0].sentences
    assert {text.partition(",")[0] for text in sentences} == {sentences[0].partition(",")[0]}
    assert "learning rate" in sentences[0].partition(",")[0]
