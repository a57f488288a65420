"""The built-in diagnostics."""

from dlbench import Diagnostic, Parameter, Value

_HOME = "dlbench.standard.diagnostics"
_IMAGES = Parameter(1000, minimum=1, summary="Of either set; more than it has: all of them.")

DIAGNOSTICS = (
    Diagnostic(
        name="dead-units",
        factory=f"{_HOME}.units:dead_units",
        summary="Share of units that are ≤ 0 and flat on the whole probe, by layer",
        values=(
            Value(
                "dead_units", better="lower", share=True, meaning="Share of units that no image of the probe activates."
            ),
        ),
        source="after Lu et al. 2019, arXiv 1903.06733",
    ),
    Diagnostic(
        name="dormant-units",
        factory=f"{_HOME}.units:dormant_units",
        summary="Share of units that hardly answer, against their layer's mean",
        values=(
            Value("dormant_units", better="lower", share=True, meaning="Share of units far below their layer's mean."),
        ),
        parameters={"threshold": Parameter(0.025, minimum=0, summary="Dormant up to this share of the mean.")},
        source="Sokar et al. 2023, arXiv 2302.12902",
    ),
    Diagnostic(
        name="saturation",
        factory=f"{_HOME}.units:saturation",
        summary="Share of a bounded activation's entries where its slope is below 5 % of the steepest",
        values=(
            Value("saturation", better="lower", share=True, meaning="Share of entries where the activation is flat."),
        ),
        source="after Glorot & Bengio 2010",
    ),
    Diagnostic(
        name="activations",
        factory=f"{_HOME}.units:activations",
        summary="Mean and standard deviation of the activations, by layer",
        values=(
            Value("activation_mean", meaning="Mean of a layer's activations on the probe."),
            Value("activation_deviation", meaning="Standard deviation of a layer's activations on the probe."),
        ),
        source="after Glorot & Bengio 2010",
    ),
    Diagnostic(
        name="gradient-norm",
        factory=f"{_HOME}.gradients:gradient_norm",
        summary="Gradient norm by layer, over √numel; and the first layer's over the last's",
        values=(
            Value("gradient_norm", meaning="Norm of a layer's gradient by the root of its number of weights."),
            Value("vanishing_ratio", meaning="Gradient norm of the first layer by that of the last."),
        ),
        source="Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063",
    ),
    Diagnostic(
        name="update-ratio",
        factory=f"{_HOME}.gradients:update_ratio",
        summary="Size of the epoch's last step against that of the weights, by layer",
        values=(Value("update_ratio", meaning="Norm of the epoch's last update by the norm of the weights."),),
        needs=("update",),
        source="Karpathy, CS231n notes",
    ),
    Diagnostic(
        name="sharpness",
        factory=f"{_HOME}.curvature:sharpness",
        summary="Rise of the loss a small step along its gradient",
        values=(
            Value("sharpness", better="lower", meaning="Rise of the loss a step of the radius along its gradient."),
        ),
        parameters={"radius": Parameter(0.05, minimum=0, summary="Length of the step, ρ.")},
        source="Foret et al. 2021, arXiv 2010.01412",
    ),
    Diagnostic(
        name="hessian-eigenvalue",
        factory=f"{_HOME}.curvature:hessian_eigenvalue",
        summary="Largest eigenvalue of the loss's Hessian, and 2 / learning rate beside it",
        values=(
            Value("hessian_eigenvalue", better="lower", meaning="Largest eigenvalue of the loss's Hessian."),
            Value("stability_limit", meaning="Two by the learning rate: gradient descent is stable below it."),
        ),
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
        values=(
            Value("gradient_noise_scale", better="lower", meaning="Batch size from which larger batches help little."),
            Value("gradient_variance", better="lower", meaning="Variance of the gradient from image to image."),
        ),
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
        values=(
            Value(
                "evaluation_accuracy_gap",
                better="lower",
                share=True,
                meaning="Training minus validation accuracy, both in eval mode.",
            ),
            Value(
                "evaluation_loss_gap",
                better="lower",
                digits=4,
                meaning="Validation minus training loss, both in eval mode.",
            ),
        ),
        needs=("training_batches", "held_out_batches"),
        parameters={"images": _IMAGES},
    ),
    Diagnostic(
        name="calibration",
        factory=f"{_HOME}.generalization:calibration",
        summary="Expected calibration error, negative log-likelihood and Brier score on validation images",
        values=(
            Value("calibration_error", better="lower", share=True, meaning="Expected calibration error."),
            Value("negative_log_likelihood", better="lower", digits=4, meaning="Mean of −log p of the true class."),
            Value("brier_score", better="lower", digits=4, meaning="Mean squared error of the class probabilities."),
        ),
        needs=("held_out_batches",),
        parameters={"images": _IMAGES},
        source="Guo et al. 2017, arXiv 1706.04599",
    ),
    Diagnostic(
        name="step-loss",
        factory=f"{_HOME}.losses:step_loss",
        summary="Oscillation of the epoch's step losses, and whether the training has diverged",
        values=(
            Value("loss_oscillation", better="lower", meaning="How much the loss moves from step to step."),
            Value("loss_divergence", better="lower", digits=4, meaning="1 where the training has diverged, else 0."),
        ),
        needs=("step_losses",),
        parameters={"window": Parameter(11, minimum=2, summary="Steps of the moving average.")},
    ),
)
