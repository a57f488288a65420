"""The defaults of dlbench.toml, in place of what the user has not said."""

from dataclasses import replace

from dlbench.plans.config import Config
from dlbench.plans.criteria import METRIC
from dlbench.plans.plan import Request
from dlbench.plans.spelling import canonical, canonical_metric
from dlbench.plugins.registry import Registry
from dlbench.sessions.options import Options


def with_defaults(request: Request, options: Options, config: Config, registry: Registry) -> tuple[Request, Options]:
    """Return what was asked for, with the defaults that files give. An experiment keeps its own seeds and criteria.

    A margin belongs to the metric that the file names, or to the usual one.
    """
    request = canonical(request, registry)
    if not request.experiment:
        judging = dict(config.judging)
        usual_metric = canonical_metric(judging.get("metric", METRIC), registry)
        if "metric" in judging:
            judging["metric"] = usual_metric
        if request.judging.get("metric", usual_metric) != usual_metric:
            judging.pop("margin", None)
        seeds = request.seeds if request.seeds is not None or request.spread else config.seeds
        request = replace(request, seeds=seeds, judging={**judging, **request.judging})
    return request, with_session_defaults(options, config)


def with_session_defaults(options: Options, config: Config) -> Options:
    """Return the options of a session, with the defaults that files give for what the user has not said."""
    unsaid = {name: value for name, value in config.session.items() if name not in options.given}
    return replace(options, **unsaid)
