"""The plugin of timm's models; it imports neither torch nor timm, and reads its list when it is asked for models."""

from dlbench import Model, hookimpl

#: What a network is held to need that nobody has measured yet: most of timm's shrink images by 32.
UNMEASURED = 32


@hookimpl
def dlbench_models() -> list[Model]:
    """Return timm's models, with hyphens for underscores."""
    from dlbench_timm.names import TimmModel, timm_models

    def record(model: TimmModel) -> Model:
        height, width = model.size
        built = ", built for the size of yours" if model.fixed else ""
        return Model(
            name=model.name.replace("_", "-"),
            factory=f"dlbench_timm.models:{model.name}",
            activation="own",
            summary=f"timm's {model.family} family; published for {height}×{width} images{built}",
            source=f"Wightman 2019, PyTorch Image Models; the paper is named in timm.models.{model.family}",
            minimum_size=model.smallest or UNMEASURED,
            tags=(model.family,),
        )

    return [record(model) for model in timm_models()]
