#!/bin/sh
# Run every experiment of the four reports, or go on where an earlier call ended, and write README.md from the folders.
#
#     DLBENCH=dlbench sh results/reproduce.sh [RESULTS_DIR [NAME…]]
#
# NAME: the folders to run, all by default. Sizes are what two cores without a GPU can do in days, not weeks: what is
# made smaller says so in every table. With a GPU, delete the options and the names of the reduced ones.
set -eu

results=${1:-results}
[ $# -eq 0 ] || shift
wanted=" $* "
dlbench=${DLBENCH:-dlbench}

# run NAME EXPERIMENT [OPTION…]: trials that other folders hold already are taken from there.
run() {
    name=$1
    shift
    case $wanted in
    "  " | *" $name "*) "$dlbench" run "$@" --name "$name" --results-dir "$results" --reuse --accept-old ;;
    esac
}

# At full size.
run numpy-mlp foundations/numpy-mlp
run block-cost resnet-depth/block-cost
run activation-cifar10 cnn-settings/activation-cifar10 --seeds 10
for name in api-levels barebones-fc barebones-convnet module-fc module-convnet sequential-fc sequential-convnet \
    nesterov initialisation convnet-against-fc; do
    run $name convnet-basics/$name
done
run batch-size cnn-settings/batch-size
run activation-mnist cnn-settings/activation-mnist
run dropout cnn-settings/dropout
run batch-size-learning-rate cnn-settings/batch-size-learning-rate
run open-ended convnet-basics/open-ended
run open-ended-changes convnet-basics/open-ended-changes
run schedules foundations/schedules
run activation-and-depth cnn-settings/activation-and-depth

# Reduced.
run activation-depth-reduced cnn-settings/activation-depth --epochs 10 --train-size 10000
run alexnet-techniques-reduced cnn-settings/alexnet-techniques --epochs 5 --train-size 10000
run dying-relu-reduced cnn-settings/dying-relu --epochs 5 --train-size 10000
run cnns-reduced foundations/cnns --epochs 10 --train-size 10000
run lecture-models-reduced resnet-depth/lecture-models --epochs 10 --train-size 10000
run past-the-best-reduced resnet-depth/past-the-best --epochs 20 --train-size 10000
run custom-resnet-reduced resnet-depth/custom-resnet --epochs 10 --train-size 10000
run four-models-on-test-reduced resnet-depth/four-models-on-test --epochs 10 --train-size 10000
run four-models-on-validation-reduced resnet-depth/four-models-on-validation --epochs 10 --train-size 10000
run ablation-reduced resnet-depth/ablation --epochs 10 --train-size 10000

"$dlbench" results summary --results-dir "$results" --output "$results/README.md"
