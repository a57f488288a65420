"""Write names.txt from the installed timm: `python -m dlbench_timm.generate`."""

import timm
from timm.models import get_pretrained_cfg_value, model_entrypoint

from dlbench_timm.names import FILE, TimmModel


def describe(name: str) -> TimmModel:
    """Ask timm what names.txt tells of one model; nothing is built."""
    _, height, width = get_pretrained_cfg_value(name, "input_size")
    return TimmModel(
        name=name,
        family=model_entrypoint(name).__module__.rpartition(".")[2],
        size=(height, width),
        fixed=bool(get_pretrained_cfg_value(name, "fixed_input_size")),
    )


def render() -> str:
    """Return names.txt."""
    return "".join(f"{describe(name).line()}\n" for name in timm.list_models())


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
