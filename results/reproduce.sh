#!/bin/sh
# Run every experiment of the four reports, or continue where an earlier call ended, and write README.md from the folders.
#
#     DLBENCH=dlbench sh results/reproduce.sh [RESULTS_DIR [NAME…]]
#
# NAME: the folders to run, by default all. Two cores without a GPU need one night for these sizes, a GPU needs minutes.
# Tables of reduced experiments say that they are reduced. FULL=1 runs all at full size; NAME is then without -reduced.
set -eu

results=${1:-results}
[ $# -eq 0 ] || shift
wanted=" $* "
dlbench=${DLBENCH:-dlbench}
gpu=""
[ ! -e /dev/nvidiactl ] || gpu="--device cuda --cuda-graphs true"

# run NAME EXPERIMENT [OPTION…]: run it, reusing the trials of other folders.
run() {
    name=$1
    shift
    case $wanted in
    "  " | *" $name "*) "$dlbench" run "$@" --name "$name" --results-dir "$results" --reuse --accept-old ;;
    esac
}

# reduced NAME-HOW EXPERIMENT OPTION…: run it with options that reduce it, or at full size with FULL=1.
reduced() {
    if [ -n "${FULL:-}" ]; then
        run "${1%-*}" "$2" $gpu
    else
        run "$@"
    fi
}

# tuned NAME EXPERIMENT BUDGET OPTION…: run it with a learning rate for each variant, reduced, or in full with FULL=1.
tuned() {
    name=$1 experiment=$2
    search="--tune learning-rate --budget $3"
    shift 3
    if [ -n "${FULL:-}" ]; then
        run "$name" "$experiment" $gpu $search
    else
        run "$name" "$experiment" $search "$@"
    fi
}

# on_gpu NAME EXPERIMENT OPTIONS REDUCTION: run it at full size on a GPU; else reduced, unless a full run exists.
on_gpu() {
    if [ -n "${FULL:-}" ]; then
        run "$1" "$2" $gpu
    elif [ -n "$gpu" ]; then
        run "$1" "$2" $gpu $3
    elif [ ! -d "$results/$1" ]; then
        run "$1-reduced" "$2" $4
    fi
}

# At full size.
run numpy-mlp foundations/numpy-mlp
run block-cost resnet-depth/block-cost
run activation-cifar10 cnn-settings/activation-cifar10 --seeds 10
run activation-mnist cnn-settings/activation-mnist
run dropout cnn-settings/dropout
for name in api-levels barebones-fc barebones-convnet module-fc module-convnet sequential-fc sequential-convnet \
    nesterov initialisation convnet-against-fc; do
    run $name convnet-basics/$name
done
run batch-size cnn-settings/batch-size
run schedules foundations/schedules --seeds 6
run last-batch-loss "${0%/*}/last-batch-loss.toml" --step-losses
run batch-size-causes "${0%/*}/batch-size-causes.toml"
run spread-digits "${0%/*}/spread-digits.toml"
run spread-mnist-mlp "${0%/*}/spread-mnist-mlp.toml"
run spread-mnist-cnn "${0%/*}/spread-mnist-cnn.toml"

# Reduced: fewer images, epochs and seeds, most in bfloat16.
some="--test-size 2000 --precision bfloat16"
held_out="--validation random:1000"
on_gpu batch-size-learning-rate cnn-settings/batch-size-learning-rate "--matmul-precision high" \
    "--epochs 2 --train-size 5000 $held_out $some"
on_gpu activation-and-depth cnn-settings/activation-and-depth "--precision bfloat16" \
    "--epochs 2 --train-size 1000 $held_out $some"
on_gpu open-ended convnet-basics/open-ended "--precision bfloat16" "--epochs 2 --precision bfloat16 --seeds 3"
least="--train-size 1000 --seeds 7 $some $held_out"
reduced activation-depth-reduced cnn-settings/activation-depth --epochs 2 $least
least="--epochs 1 $least"
reduced dying-relu-reduced cnn-settings/dying-relu $least
more="--epochs 4 --seeds 7 $some $held_out"
reduced alexnet-techniques-reduced cnn-settings/alexnet-techniques --train-size 2000 $more
reduced ablation-reduced resnet-depth/ablation --train-size 4000 $more
reduced cnns-reduced foundations/cnns --epochs 10 --train-size 2000 --seeds 7 $some $held_out
few="--epochs 2 --train-size 4000 --seeds 7 $some"
reduced four-models-on-validation-reduced resnet-depth/four-models-on-validation $few $held_out
reduced four-models-on-test-reduced resnet-depth/four-models-on-test $few
reduced lecture-models-reduced resnet-depth/lecture-models $few
reduced custom-resnet-reduced resnet-depth/custom-resnet $few
reduced past-the-best-reduced resnet-depth/past-the-best $few
reduced open-ended-changes-reduced convnet-basics/open-ended-changes --epochs 2 --seeds 6 --precision bfloat16

# Each variant at its own best, on all images, and beside it the same epochs without tuning.
tuned nesterov-tuned convnet-basics/nesterov 8
little="--seeds 6 --precision bfloat16 --epochs"
tuned activation-mnist-tuned cnn-settings/activation-mnist 8 $little 3
reduced activation-mnist-reduced cnn-settings/activation-mnist $little 3
tuned activation-cifar10-tuned cnn-settings/activation-cifar10 4 $little 2
reduced activation-cifar10-reduced cnn-settings/activation-cifar10 $little 2

"$dlbench" results summary --results-dir "$results" --output "$results/README.md"
