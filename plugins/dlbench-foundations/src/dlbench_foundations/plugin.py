"""The plugin's hooks: it declares components and experiments and imports nothing heavy."""

from pathlib import Path

from dlbench import Dataset, Model, Parameter, Scheduler, hookimpl

_PACKAGE = "dlbench_foundations"
_REPORT = "report foundations"
_T_MAX = Parameter(50, minimum=1, summary="Epoch at which the lowest rate is reached; after it the rate rises again.")
_ETA_MIN_RATIO = Parameter(0.0, minimum=0, maximum=1, summary="Lowest rate, as a share of the learning rate.")

MODELS = (
    Model(
        name="numpy-mlp",
        factory=f"{_PACKAGE}.numpy_network:numpy_mlp",
        activation=None,
        devices=("cpu",),
        precisions=("float32",),
        summary="Three linear layers with ReLU between, forward and backward written by hand in NumPy",
        source=_REPORT,
    ),
    Model(
        name="lenet5",
        factory=f"{_PACKAGE}.models:lenet5",
        minimum_size=16,
        summary="Two 5×5 convolutions with max pooling, then three linear layers",
        source="LeCun, Bottou, Bengio & Haffner 1998, Gradient-Based Learning Applied to Document Recognition",
    ),
    Model(
        name="simplified-resnet",
        factory=f"{_PACKAGE}.models:simplified_resnet",
        summary="Three stages of three residual blocks with 16, 32 and 64 channels",
        source="He, Zhang, Ren & Sun 2015, arXiv 1512.03385",
    ),
)
DATASETS = (
    Dataset(
        name="letters",
        factory=f"{_PACKAGE}.letters:letters",
        summary="52,152 handwritten letters, 16×8 binary pixels; ten of the letters, or all 26",
        parameters={
            "letters": Parameter("ten", choices=("ten", "all"), summary="ten: a e g i l n o r t u; all: a to z."),
            "test_folds": Parameter((0,), minimum=0, maximum=9, summary="The publisher's folds that are the test set."),
        },
        input_shape=(1, 16, 8),
        license="none stated",
        files=("letters/letter.data.gz",),
        homepage="https://ai.stanford.edu/~btaskar/ocr/",
        source="Kassel 1995, MIT Spoken Language Systems Group; cleaned by Taskar, Guestrin & Koller 2003",
        tags=("gray",),
    ),
)
SCHEDULERS = (
    Scheduler(
        name="exponential-decay",
        factory=f"{_PACKAGE}.schedules:ExponentialDecay",
        summary="Multiply by gamma every epoch",
        parameters={"gamma": Parameter(0.95, minimum=0, summary="Factor of each epoch.")},
        source=_REPORT,
    ),
    Scheduler(
        name="cosine-annealing",
        factory=f"{_PACKAGE}.schedules:CosineAnnealing",
        summary="Half a cosine over t_max epochs down to a share of the rate",
        parameters={"t_max": _T_MAX, "eta_min_ratio": _ETA_MIN_RATIO},
        source="Loshchilov & Hutter 2016, arXiv 1608.03983",
    ),
    Scheduler(
        name="warmup-cosine",
        factory=f"{_PACKAGE}.schedules:WarmupCosine",
        summary="A straight rise over the first epochs, then half a cosine until t_max",
        parameters={
            "warmup_epochs": Parameter(5, minimum=0, summary="Epochs of the rise; fewer than t_max."),
            "t_max": _T_MAX,
            "eta_min_ratio": _ETA_MIN_RATIO,
        },
        source="Goyal et al. 2017, arXiv 1706.02677 (warm-up); Loshchilov & Hutter 2016, arXiv 1608.03983",
    ),
)


@hookimpl
def dlbench_models() -> list[Model]:
    """Return the network by hand, LeNet-5 and the small ResNet."""
    return list(MODELS)


@hookimpl
def dlbench_datasets() -> list[Dataset]:
    """Return the handwritten letters."""
    return list(DATASETS)


@hookimpl
def dlbench_schedulers() -> list[Scheduler]:
    """Return the report's three schedules."""
    return list(SCHEDULERS)


@hookimpl
def dlbench_experiments() -> list[Path]:
    """Return the report's experiments."""
    return sorted((Path(__file__).parent / "experiments").glob("*.toml"))
