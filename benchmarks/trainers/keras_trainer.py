"""Keras 3 on jax as users get it: the same networks in its layers, `fit` on arrays or, augmented, on a data set."""

import contextlib
import os
from pathlib import Path

from workloads import LEARNING_RATE, Workload, arrays, clock

_WARM_UP = 5


class _TimeIsOver(Exception):  # noqa: N818  # not an error
    """Ends a fit in the middle of an epoch."""


class Keras:
    """A compiled Keras model."""

    def __init__(self, workload: Workload, batch: int, precision: str, data_dir: Path) -> None:
        os.environ["KERAS_BACKEND"] = "jax"
        import keras

        if precision == "bfloat16":
            keras.mixed_precision.set_global_policy("mixed_bfloat16")
        images, self.labels = arrays(workload, data_dir)
        self.images = images.transpose(0, 2, 3, 1).astype("float32") / 255
        self.batch = batch
        self.model = _network(keras, workload)
        self.model.compile(
            optimizer=keras.optimizers.Adam(LEARNING_RATE),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )

    def run(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds; return images and seconds."""
        timer = _timer(seconds, self.batch)
        with contextlib.suppress(_TimeIsOver):
            self.model.fit(self.images, self.labels, self.batch, epochs=1000, verbose=0, callbacks=[timer])
        return timer.images, timer.taken


def _timer(seconds: float, batch: int):
    import keras

    class Timer(keras.callbacks.Callback):
        """Counts from the sixth step on; ends the training at the time limit."""

        images, taken, steps, started = 0, 0.0, 0, 0.0

        def on_train_batch_end(self, index, logs=None) -> None:
            self.steps += 1
            if self.steps <= _WARM_UP:
                self.started = clock()
                return
            self.images += batch
            self.taken = clock() - self.started
            if self.taken >= seconds:
                raise _TimeIsOver

    return Timer()


def _network(keras, workload: Workload):
    channels, height, width = workload.input_shape
    inputs = keras.Input((height, width, channels))
    x = inputs
    if workload.augmented:
        x = keras.layers.RandomTranslation(4 / 32, 4 / 32, fill_mode="constant")(x)
        x = keras.layers.RandomFlip("horizontal")(x)
    x = _BODIES[workload.key](keras.layers, x)
    return keras.Model(inputs, keras.layers.Dense(10, dtype="float32")(x))


def _block(layers, x, *widths: int):
    """Return convolutions with batch norm and ReLU, then a pooling."""
    for width in widths:
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same")(x)))
    return layers.MaxPooling2D(2)(x)


def _simple_cnn(layers, x):
    x = layers.Flatten()(_block(layers, _block(layers, x, 32), 64))
    return layers.Dropout(0.5)(layers.Dense(128, "relu")(x))


def _lenet5(layers, x):
    for width in (6, 16):
        x = layers.MaxPooling2D(2)(layers.Conv2D(width, 5, activation="relu")(x))
    return layers.Dense(84, "relu")(layers.Dense(120, "relu")(layers.Flatten()(x)))


def _improved_cnn(layers, x):
    for widths in ((32, 64), (128, 128), (256, 256)):
        x = _block(layers, x, *widths)
    return layers.Dropout(0.5)(layers.Dense(256, "relu")(layers.Flatten()(x)))


def _simplified_resnet(layers, x):
    def convolution(x, width: int, size: int, stride: int):
        return layers.BatchNormalization()(layers.Conv2D(width, size, stride, padding="same", use_bias=False)(x))

    x = layers.ReLU()(convolution(x, 16, 3, 1))
    for stage, width in enumerate((16, 32, 64)):
        for number in range(3):
            stride = 2 if stage and not number else 1
            y = layers.ReLU()(convolution(x, width, 3, stride))
            y = convolution(y, width, 3, 1)
            shortcut = convolution(x, width, 1, stride) if stride == 2 else x
            x = layers.ReLU()(layers.Add()([y, shortcut]))
    return layers.GlobalAveragePooling2D()(x)


def _two_layer_fc(layers, x):
    return layers.Dense(4000, "relu")(layers.Flatten()(x))


_BODIES = {"A": _simple_cnn, "B": _lenet5, "C": _improved_cnn, "D": _simplified_resnet, "E": _two_layer_fc}
