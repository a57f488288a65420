"""The activations of torch.nn that keep the shape and take no second input, under torch's parameter names."""

from dlbench import Activation, Parameter

ACTIVATIONS = (
    Activation(name="identity", aliases=("linear",), factory="torch.nn:Identity", summary="x: no activation at all"),
    Activation(
        name="relu",
        factory="torch.nn:ReLU",
        summary="max(0, x)",
        source="Nair & Hinton 2010, Rectified linear units improve restricted Boltzmann machines",
    ),
    Activation(
        name="relu6",
        factory="torch.nn:ReLU6",
        summary="min(max(0, x), 6)",
        source="Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10",
    ),
    Activation(
        name="leaky-relu",
        aliases=("lrelu",),
        factory="torch.nn:LeakyReLU",
        summary="x, or negative_slope · x below zero",
        parameters={"negative_slope": Parameter(0.01, summary="Slope below zero.")},
        source="Maas, Hannun & Ng 2013, Rectifier nonlinearities improve neural network acoustic models",
    ),
    Activation(
        name="prelu",
        aliases=("parametric-relu",),
        factory="torch.nn:PReLU",
        summary="Leaky ReLU with a learned slope, one for each place where it is used",
        parameters={"init": Parameter(0.25, summary="Slope below zero before training.")},
        source="He et al. 2015, arXiv 1502.01852",
    ),
    Activation(
        name="rrelu",
        aliases=("randomized-relu",),
        factory="dlbench.standard.activations:rrelu",
        summary="Leaky ReLU with a random slope in training, the mean slope in evaluation",
        parameters={
            "lower": Parameter(1 / 8, summary="Smallest slope below zero."),
            "upper": Parameter(1 / 3, summary="Largest slope below zero."),
        },
        source="Xu et al. 2015, arXiv 1505.00853",
    ),
    Activation(
        name="elu",
        factory="torch.nn:ELU",
        summary="x, or alpha · (exp(x) − 1) below zero",
        parameters={"alpha": Parameter(1.0, summary="Minus the limit for x → −∞.")},
        source="Clevert, Unterthiner & Hochreiter 2015, arXiv 1511.07289",
    ),
    Activation(
        name="selu",
        factory="torch.nn:SELU",
        summary="ELU scaled so that mean 0 and variance 1 are kept from layer to layer",
        source="Klambauer et al. 2017, arXiv 1706.02515",
    ),
    Activation(
        name="celu",
        factory="torch.nn:CELU",
        summary="x, or alpha · (exp(x / alpha) − 1) below zero: smooth for every alpha",
        parameters={"alpha": Parameter(1.0, minimum=1e-6, summary="Minus the limit for x → −∞.")},
        source="Barron 2017, arXiv 1704.07483",
    ),
    Activation(
        name="gelu",
        aliases=("gelu-tanh:approximate=tanh", "gelu-new:approximate=tanh"),
        factory="torch.nn:GELU",
        summary="x · Φ(x), Φ the normal distribution function",
        parameters={
            "approximate": Parameter("none", choices=("none", "tanh"), summary="none: exact; tanh: approximated.")
        },
        source="Hendrycks & Gimpel 2016, arXiv 1606.08415",
    ),
    Activation(
        name="silu",
        aliases=("swish",),
        factory="torch.nn:SiLU",
        summary="x · sigmoid(x), also called swish",
        source="Elfwing, Uchibe & Doya 2017, arXiv 1702.03118; Ramachandran et al. 2017, arXiv 1710.05941",
    ),
    Activation(
        name="mish",
        factory="torch.nn:Mish",
        summary="x · tanh(softplus(x))",
        source="Misra 2019, arXiv 1908.08681",
    ),
    Activation(
        name="softplus",
        factory="torch.nn:Softplus",
        summary="log(1 + exp(beta · x)) / beta: a smooth ReLU",
        parameters={
            "beta": Parameter(1.0, minimum=1e-6, summary="Sharpness."),
            "threshold": Parameter(20.0, summary="Above this value of beta · x it is x itself."),
        },
        source="Dugas et al. 2001, Incorporating second-order functional knowledge for better option pricing",
    ),
    Activation(
        name="softsign",
        factory="torch.nn:Softsign",
        summary="x / (1 + |x|)",
        source="Bergstra et al. 2009, Quadratic polynomials learn better image features",
    ),
    Activation(name="sigmoid", aliases=("logistic",), factory="torch.nn:Sigmoid", summary="1 / (1 + exp(−x))"),
    Activation(name="logsigmoid", factory="torch.nn:LogSigmoid", summary="log(sigmoid(x))"),
    Activation(
        name="hardsigmoid",
        aliases=("hsigmoid",),
        factory="torch.nn:Hardsigmoid",
        summary="relu6(x + 3) / 6: sigmoid in three straight pieces",
        source="Howard et al. 2019, arXiv 1905.02244",
    ),
    Activation(
        name="hardswish",
        aliases=("hswish",),
        factory="torch.nn:Hardswish",
        summary="x · relu6(x + 3) / 6: silu without an exponential",
        source="Howard et al. 2019, arXiv 1905.02244",
    ),
    Activation(
        name="tanh",
        aliases=("hyperbolic-tangent",),
        factory="torch.nn:Tanh",
        summary="Hyperbolic tangent",
        source="LeCun et al. 1998, Efficient BackProp",
    ),
    Activation(
        name="hardtanh",
        factory="dlbench.standard.activations:hardtanh",
        summary="x cut to [min_val, max_val]",
        parameters={
            "min_val": Parameter(-1.0, summary="Lower bound."),
            "max_val": Parameter(1.0, summary="Upper bound."),
        },
        source="Collobert 2004, Large scale machine learning",
    ),
    Activation(name="tanhshrink", factory="torch.nn:Tanhshrink", summary="x − tanh(x)"),
    Activation(
        name="softshrink",
        factory="torch.nn:Softshrink",
        summary="x moved towards zero by lambd, zero within",
        parameters={"lambd": Parameter(0.5, minimum=0, summary="Half the width of the zero part.")},
    ),
    Activation(
        name="hardshrink",
        factory="torch.nn:Hardshrink",
        summary="x, or zero where |x| is at most lambd",
        parameters={"lambd": Parameter(0.5, minimum=0, summary="Half the width of the zero part.")},
    ),
    Activation(
        name="threshold",
        factory="torch.nn:Threshold",
        summary="x above the threshold, else the value",
        # torch has no defaults here; these make it usable without parameters, as ReLU.
        parameters={
            "threshold": Parameter(0.0, summary="Above it, x is kept."),
            "value": Parameter(0.0, summary="Value of x up to the threshold."),
        },
    ),
)
