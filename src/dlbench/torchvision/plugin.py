"""The plugin of torchvision's classification models; it imports neither torch nor torchvision."""

from typing import TYPE_CHECKING

from dlbench import Model, hookimpl
from dlbench.torchvision.classifiers import CLASSIFIERS, Classifier

if TYPE_CHECKING:
    from dlbench import Trial

FIXED_ACTIVATION = "fixed-activation"
_PARTLY_FIXED = {"densenet": "the last activation stays ReLU"}

#: What a family is and where it was published, by the longest beginning of torchvision's names.
FAMILIES = {
    "alexnet": ("AlexNet, one column", "Krizhevsky 2014, arXiv 1404.5997"),
    "convnext": ("Convolutions in the manner of a transformer", "Liu et al. 2022, arXiv 2201.03545"),
    "densenet": ("Densely connected blocks", "Huang et al. 2016, arXiv 1608.06993"),
    "efficientnet": ("Depth, width and image size scaled together", "Tan & Le 2019, arXiv 1905.11946"),
    "efficientnet_v2": ("EfficientNet made to train faster", "Tan & Le 2021, arXiv 2104.00298"),
    "googlenet": ("Inception, no auxiliary classifiers", "Szegedy et al. 2014, arXiv 1409.4842"),
    "inception_v3": ("Factorised inception, no auxiliary classifier", "Szegedy et al. 2015, arXiv 1512.00567"),
    "maxvit": ("Block and grid attention", "Tu et al. 2022, arXiv 2204.01697"),
    "mnasnet": ("Found by search for speed on telephones", "Tan et al. 2018, arXiv 1807.11626"),
    "mobilenet_v2": ("Inverted residuals, depthwise convolutions", "Sandler et al. 2018, arXiv 1801.04381"),
    "mobilenet_v3": ("MobileNet v2 with squeeze-excitation and hardswish", "Howard et al. 2019, arXiv 1905.02244"),
    "regnet": ("Regular widths from a design space", "Radosavovic et al. 2020, arXiv 2003.13678"),
    "resnet": ("Residual network", "He et al. 2015, arXiv 1512.03385"),
    "resnext": ("Residual network of grouped convolutions", "Xie et al. 2016, arXiv 1611.05431"),
    "shufflenet_v2": ("Channel split and shuffle", "Ma et al. 2018, arXiv 1807.11164"),
    "squeezenet": ("Squeezed and expanded 1×1 and 3×3 convolutions", "Iandola et al. 2016, arXiv 1602.07360"),
    "swin": ("Attention in shifted windows", "Liu et al. 2021, arXiv 2103.14030"),
    "swin_v2": ("Swin with cosine attention and norms behind", "Liu et al. 2021, arXiv 2111.09883"),
    "vgg": ("Stacked 3×3 convolutions", "Simonyan & Zisserman 2014, arXiv 1409.1556"),
    "vit": ("Vision transformer", "Dosovitskiy et al. 2020, arXiv 2010.11929"),
    "wide_resnet": ("Residual network of more channels", "Zagoruyko & Komodakis 2016, arXiv 1605.07146"),
}


def component_name(name: str) -> str:
    """Return a model's component name: torchvision's, with hyphens."""
    return name.replace("_", "-")


_QUALIFIED = {f"torchvision/{component_name(classifier.name)}": classifier for classifier in CLASSIFIERS}


def _record(classifier: Classifier) -> Model:
    family = max((prefix for prefix in FAMILIES if classifier.name.startswith(prefix)), key=len)
    title, source = FAMILIES[family]
    remarks = [f"{title}, {classifier.parameters / 1e6:.1f} M parameters (1000 classes)"]
    if classifier.size_multiple > 1:
        remarks.append(f"square images, multiples of {classifier.size_multiple}")
    if classifier.fixed_activation:
        remarks.append("always with ReLU")
    elif family in _PARTLY_FIXED:
        remarks.append(_PARTLY_FIXED[family])
    return Model(
        name=component_name(classifier.name),
        factory=f"dlbench.torchvision.models:{classifier.name}",
        activation="own",
        summary="; ".join(remarks),
        source=source,
        minimum_size=classifier.minimum_size,
        tags=(FIXED_ACTIVATION,) if classifier.fixed_activation else (),
    )


@hookimpl
def dlbench_models() -> list[Model]:
    """Return torchvision's classification models."""
    return [_record(classifier) for classifier in CLASSIFIERS]


@hookimpl
def dlbench_veto(trial: "Trial") -> str | None:
    """Refuse another activation where none can be put in, and images that a network of fixed size cannot cut up."""
    name = trial.model.name
    classifier = _QUALIFIED.get(name)
    if classifier is None:
        return None
    if classifier.fixed_activation and trial.activation.name not in ("own", "none"):
        return f"{name} calls its ReLU as a function: no other activation can be put in its place"
    multiple = classifier.size_multiple
    _, height, width = trial.input_shape or (3, multiple, multiple)
    if multiple > 1 and (height != width or height % multiple):
        return f"{name} takes square images whose side is a multiple of {multiple}, not {height}×{width}"
    return None
