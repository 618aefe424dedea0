"""Data of every form: drawn once, kept in order, cut into batches without copies."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from thalweg.objectives.torch.data import To, kept
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.losses import OnBatch
from thalweg.objectives.torch.policies import Residence

X, Y = torch.randn(23, 4), torch.randint(0, 3, (23,))
CPU = To(torch.device("cpu"), None)


class Items(Dataset):
    def __len__(self):
        return len(X)

    def __getitem__(self, i):
        return X[i], Y[i]


class Flow(IterableDataset):
    def __iter__(self):
        return iter(zip(X, Y, strict=True))


class NoisyItems(Items):
    def __getitem__(self, i):
        return X[i] + torch.randn(4), Y[i]


FORMS = {
    "tensors": (X, Y),
    "arrays": (X.numpy(), Y.numpy()),
    "dataset of tensors": TensorDataset(X, Y),
    "dataset": Items(),
    "loader": DataLoader(Items(), 7),
    "flow": DataLoader(Flow(), 7),
    "list": [(X[:10], Y[:10]), (X[10:], Y[10:])],
    "uneven list": [(X[:3], Y[:3]), (X[3:20], Y[3:20]), (X[20:], Y[20:])],
    "generator": ((X[i : i + 5], Y[i : i + 5]) for i in range(0, 23, 5)),
    "lists": [[X[:10], Y[:10]], [X[10:], Y[10:]]],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_data(form):
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    objective = from_torch(model, nn.CrossEntropyLoss(), FORMS[form])
    assert objective.n_examples == 23
    wanted = from_torch(model, nn.CrossEntropyLoss(), (X, Y))
    assert objective.value(objective.start) == pytest.approx(wanted.value(wanted.start), rel=1e-6)
    assert objective.identity()["data"] == wanted.identity()["data"]


def test_batches_are_cut_as_asked_or_as_they_came():
    assert kept(FORMS["loader"], None, CPU, CPU).counts == (7, 7, 7, 2)
    assert kept(FORMS["uneven list"], None, CPU, CPU).counts == (3, 17, 3)
    assert kept(FORMS["uneven list"], 10, CPU, CPU).counts == (10, 10, 3)
    assert kept(FORMS["loader"], 5, CPU, CPU).counts == (5, 5, 5, 5, 3)
    assert kept((X, Y), None, CPU, CPU).counts == (23,)
    assert kept(Items(), 6, CPU, CPU).counts == (6, 6, 6, 5)


def test_kept_data_are_a_private_copy_and_batches_are_views_of_it():
    data = kept((X, Y), 5, CPU, CPU)
    inside = {t.untyped_storage().data_ptr() for batch in data for t in batch}
    assert len(inside) == 2
    assert X.untyped_storage().data_ptr() not in inside


def test_a_shuffling_and_augmenting_loader_is_drawn_once():
    loader = DataLoader(NoisyItems(), 6, shuffle=True)
    objective = from_torch(nn.Linear(4, 3), nn.CrossEntropyLoss(), loader)
    values = {objective.value(objective.start) for _ in range(3)}
    assert len(values) == 1


def test_ragged_batches_are_kept_as_they_are():
    batches = [(torch.randn(3, 5, 4), Y[:3]), (torch.randn(6, 2, 4), Y[:6])]
    loss = OnBatch(lambda m, b: nn.functional.cross_entropy(m(b[0]).mean(1), b[1]))
    model = nn.Linear(4, 3)
    objective = from_torch(model, loss, batches)
    with torch.no_grad():
        parts = [float(loss.function(model, b)) * len(b[1]) for b in batches]
    assert objective.value(objective.start) == pytest.approx(sum(parts) / 9, rel=1e-6)
    assert not hasattr(objective, "n_examples")


def test_dtype_casts_model_and_floating_data_only():
    seen = []

    def loss(outputs, targets):
        seen.append((outputs.dtype, targets.dtype))
        return nn.functional.cross_entropy(outputs, targets)

    model = nn.Linear(4, 3)
    values = {}
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        objective = from_torch(model, loss, (X, Y), dtype=dtype)
        values[dtype] = objective.value(objective.start)
        assert seen[-1] == (dtype, torch.int64)
    assert model.weight.dtype is torch.float32
    exact = values[torch.float64]
    assert abs(values[torch.float32] - exact) < 1e-6 * exact
    assert abs(values[torch.bfloat16] - exact) < 2e-2 * exact
    wide = from_torch(model, loss, (X, Y), dtype=torch.float64)
    np.testing.assert_array_equal(wide.start[:12], model.weight.detach().double().numpy().ravel())


def test_streams_are_drawn_at_every_pass():
    drawn = []

    class Watched(Items):
        def __getitem__(self, i):
            drawn.append(i)
            return super().__getitem__(i)

    objective = from_torch(
        nn.Linear(4, 3), nn.CrossEntropyLoss(), DataLoader(Watched(), 9), resident=Residence.STREAM
    )
    drawn.clear()
    objective.values(np.stack([objective.start] * 3))
    assert drawn == [*range(23)] * 3
    kept_once = from_torch(nn.Linear(4, 3), nn.CrossEntropyLoss(), DataLoader(Watched(), 9))
    drawn.clear()
    kept_once.values(np.stack([kept_once.start] * 3))
    assert not drawn
