import torch

from dlbench_cnn_settings.blocks import alexnet_normalization, pooling


def test_local_response_normalization_is_the_formula_of_the_paper() -> None:
    a = 100 * torch.randn(2, 9, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.empty_like(a)
    for channel in range(9):
        neighbours = a[:, max(0, channel - 2) : channel + 3]
        expected[:, channel] = a[:, channel] / (2 + 1e-4 * neighbours.square().sum(1)) ** 0.75
    torch.testing.assert_close(alexnet_normalization()(a), expected, rtol=1e-12, atol=0)


def test_overlapping_windows_share_a_row_and_a_column() -> None:
    image = torch.zeros(1, 1, 4, 4)
    image[0, 0, 1, 1] = 1
    assert pooling(overlapping=False)(image).flatten().tolist() == [1, 0, 0, 0]
    assert pooling(overlapping=True)(image).flatten().tolist() == [1, 1, 1, 1]
