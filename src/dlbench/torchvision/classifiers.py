"""torchvision's classification models. Written by dlbench.torchvision.generate; do not edit."""

from typing import NamedTuple


class Classifier(NamedTuple):
    """One model under torchvision's name.

    minimum_size: the smallest square image that it trains on, in pixels. size_multiple: images must be square and
    their side a multiple of this; 1 for networks that take any size. parameters: their number for 3 channels and
    1000 classes. fixed_activation: it calls its activations as functions, so that none can be replaced.
    """

    name: str
    minimum_size: int
    size_multiple: int
    parameters: int
    fixed_activation: bool


CLASSIFIERS = (
    Classifier("alexnet", 63, 1, 61100840, False),
    Classifier("convnext_base", 32, 1, 88591464, False),
    Classifier("convnext_large", 32, 1, 197767336, False),
    Classifier("convnext_small", 32, 1, 50223688, False),
    Classifier("convnext_tiny", 32, 1, 28589128, False),
    Classifier("densenet121", 29, 1, 7978856, False),
    Classifier("densenet161", 29, 1, 28681000, False),
    Classifier("densenet169", 29, 1, 14149480, False),
    Classifier("densenet201", 29, 1, 20013928, False),
    Classifier("efficientnet_b0", 1, 1, 5288548, False),
    Classifier("efficientnet_b1", 1, 1, 7794184, False),
    Classifier("efficientnet_b2", 1, 1, 9109994, False),
    Classifier("efficientnet_b3", 1, 1, 12233232, False),
    Classifier("efficientnet_b4", 1, 1, 19341616, False),
    Classifier("efficientnet_b5", 1, 1, 30389784, False),
    Classifier("efficientnet_b6", 1, 1, 43040704, False),
    Classifier("efficientnet_b7", 1, 1, 66347960, False),
    Classifier("efficientnet_v2_l", 1, 1, 118515272, False),
    Classifier("efficientnet_v2_m", 1, 1, 54139356, False),
    Classifier("efficientnet_v2_s", 1, 1, 21458488, False),
    Classifier("googlenet", 15, 1, 6624904, True),
    Classifier("inception_v3", 75, 1, 23834568, True),
    Classifier("maxvit_t", 224, 224, 30919624, False),
    Classifier("mnasnet0_5", 1, 1, 2218512, False),
    Classifier("mnasnet0_75", 1, 1, 3170208, False),
    Classifier("mnasnet1_0", 1, 1, 4383312, False),
    Classifier("mnasnet1_3", 1, 1, 6282256, False),
    Classifier("mobilenet_v2", 1, 1, 3504872, False),
    Classifier("mobilenet_v3_large", 1, 1, 5483032, False),
    Classifier("mobilenet_v3_small", 1, 1, 2542856, False),
    Classifier("regnet_x_16gf", 1, 1, 54278536, False),
    Classifier("regnet_x_1_6gf", 1, 1, 9190136, False),
    Classifier("regnet_x_32gf", 1, 1, 107811560, False),
    Classifier("regnet_x_3_2gf", 1, 1, 15296552, False),
    Classifier("regnet_x_400mf", 1, 1, 5495976, False),
    Classifier("regnet_x_800mf", 1, 1, 7259656, False),
    Classifier("regnet_x_8gf", 1, 1, 39572648, False),
    Classifier("regnet_y_128gf", 1, 1, 644812894, False),
    Classifier("regnet_y_16gf", 1, 1, 83590140, False),
    Classifier("regnet_y_1_6gf", 1, 1, 11202430, False),
    Classifier("regnet_y_32gf", 1, 1, 145046770, False),
    Classifier("regnet_y_3_2gf", 1, 1, 19436338, False),
    Classifier("regnet_y_400mf", 1, 1, 4344144, False),
    Classifier("regnet_y_800mf", 1, 1, 6432512, False),
    Classifier("regnet_y_8gf", 1, 1, 39381472, False),
    Classifier("resnet101", 1, 1, 44549160, False),
    Classifier("resnet152", 1, 1, 60192808, False),
    Classifier("resnet18", 1, 1, 11689512, False),
    Classifier("resnet34", 1, 1, 21797672, False),
    Classifier("resnet50", 1, 1, 25557032, False),
    Classifier("resnext101_32x8d", 1, 1, 88791336, False),
    Classifier("resnext101_64x4d", 1, 1, 83455272, False),
    Classifier("resnext50_32x4d", 1, 1, 25028904, False),
    Classifier("shufflenet_v2_x0_5", 1, 1, 1366792, False),
    Classifier("shufflenet_v2_x1_0", 1, 1, 2278604, False),
    Classifier("shufflenet_v2_x1_5", 1, 1, 3503624, False),
    Classifier("shufflenet_v2_x2_0", 1, 1, 7393996, False),
    Classifier("squeezenet1_0", 21, 1, 1248424, False),
    Classifier("squeezenet1_1", 17, 1, 1235496, False),
    Classifier("swin_b", 4, 1, 87768224, False),
    Classifier("swin_s", 4, 1, 49606258, False),
    Classifier("swin_t", 4, 1, 28288354, False),
    Classifier("swin_v2_b", 4, 1, 87930848, False),
    Classifier("swin_v2_s", 4, 1, 49737442, False),
    Classifier("swin_v2_t", 4, 1, 28351570, False),
    Classifier("vgg11", 32, 1, 132863336, False),
    Classifier("vgg11_bn", 32, 1, 132868840, False),
    Classifier("vgg13", 32, 1, 133047848, False),
    Classifier("vgg13_bn", 32, 1, 133053736, False),
    Classifier("vgg16", 32, 1, 138357544, False),
    Classifier("vgg16_bn", 32, 1, 138365992, False),
    Classifier("vgg19", 32, 1, 143667240, False),
    Classifier("vgg19_bn", 32, 1, 143678248, False),
    Classifier("vit_b_16", 16, 16, 86567656, False),
    Classifier("vit_b_32", 32, 32, 88224232, False),
    Classifier("vit_h_14", 14, 14, 632045800, False),
    Classifier("vit_l_16", 16, 16, 304326632, False),
    Classifier("vit_l_32", 32, 32, 306535400, False),
    Classifier("wide_resnet101_2", 1, 1, 126886696, False),
    Classifier("wide_resnet50_2", 1, 1, 68883240, False),
)
