"""The built-in diagnostics."""

from dlbench import Diagnostic, Parameter

_HOME = "dlbench.standard.diagnostics"
_IMAGES = Parameter(1000, minimum=1, summary="Of either set; more than it has: all of them.")

DIAGNOSTICS = (
    Diagnostic(
        name="dead-units",
        factory=f"{_HOME}.units:dead_units",
        summary="Share of units that are ≤ 0 and flat on the whole probe, by layer",
        source="after Lu et al. 2019, arXiv 1903.06733",
    ),
    Diagnostic(
        name="dormant-units",
        factory=f"{_HOME}.units:dormant_units",
        summary="Share of units that hardly answer, against their layer's mean",
        parameters={"threshold": Parameter(0.025, minimum=0, summary="Dormant up to this share of the mean.")},
        source="Sokar et al. 2023, arXiv 2302.12902",
    ),
    Diagnostic(
        name="saturation",
        factory=f"{_HOME}.units:saturation",
        summary="Share of a bounded activation's entries where its slope is below 5 % of the steepest",
        source="after Glorot & Bengio 2010",
    ),
    Diagnostic(
        name="activations",
        factory=f"{_HOME}.units:activations",
        summary="Mean and standard deviation of the activations, by layer",
        values=("activation_mean", "activation_deviation"),
        source="after Glorot & Bengio 2010",
    ),
    Diagnostic(
        name="gradient-norm",
        factory=f"{_HOME}.gradients:gradient_norm",
        summary="Gradient norm by layer, over √numel; and the first layer's over the last's",
        values=("gradient_norm", "vanishing_ratio"),
        source="Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063",
    ),
    Diagnostic(
        name="update-ratio",
        factory=f"{_HOME}.gradients:update_ratio",
        summary="Size of the epoch's last step against that of the weights, by layer",
        needs=("update",),
        source="Karpathy, CS231n notes",
    ),
    Diagnostic(
        name="sharpness",
        factory=f"{_HOME}.curvature:sharpness",
        summary="Rise of the loss a small step along its gradient",
        parameters={"radius": Parameter(0.05, minimum=0, summary="Length of the step, ρ.")},
        source="Foret et al. 2021, arXiv 2010.01412",
    ),
    Diagnostic(
        name="hessian-eigenvalue",
        factory=f"{_HOME}.curvature:hessian_eigenvalue",
        summary="Largest eigenvalue of the loss's Hessian, and 2 / learning rate beside it",
        values=("hessian_eigenvalue", "stability_limit"),
        needs=("learning_rate",),
        parameters={
            "images": Parameter(64, minimum=1, summary="Of the probe."),
            "steps": Parameter(50, minimum=1, summary="Hessian-vector products at most."),
            "tolerance": Parameter(1e-3, minimum=0, summary="Relative change at which they end."),
        },
        source="Yao et al. 2020, arXiv 1912.07145; Cohen et al. 2021, arXiv 2103.00065",
    ),
    Diagnostic(
        name="gradient-noise-scale",
        factory=f"{_HOME}.gradients:gradient_noise_scale",
        summary="Batch size, in images, from which on larger batches help little",
        values=("gradient_noise_scale", "gradient_variance"),
        needs=("training_batches",),
        parameters={
            "small": Parameter(32, minimum=1, summary="Images of a small batch."),
            "large": Parameter(256, minimum=2, summary="Images of a large one."),
            "batches": Parameter(3, minimum=1, summary="Large batches to average over."),
        },
        source="McCandlish et al. 2018, arXiv 1812.06162",
    ),
    Diagnostic(
        name="generalization-gap",
        factory=f"{_HOME}.generalization:generalization_gap",
        summary="Training against validation images, both in eval mode: accuracy and loss",
        values=("evaluation_accuracy_gap", "evaluation_loss_gap"),
        needs=("training_batches", "held_out_batches"),
        parameters={"images": _IMAGES},
    ),
    Diagnostic(
        name="calibration",
        factory=f"{_HOME}.generalization:calibration",
        summary="Expected calibration error, negative log-likelihood and Brier score on validation images",
        values=("calibration_error", "negative_log_likelihood", "brier_score"),
        needs=("held_out_batches",),
        parameters={"images": _IMAGES},
        source="Guo et al. 2017, arXiv 1706.04599",
    ),
    Diagnostic(
        name="step-loss",
        factory=f"{_HOME}.losses:step_loss",
        summary="Oscillation of the epoch's step losses, and whether the training has diverged",
        values=("loss_oscillation", "loss_divergence"),
        needs=("step_losses",),
        parameters={"window": Parameter(11, minimum=2, summary="Steps of the moving average.")},
    ),
)
