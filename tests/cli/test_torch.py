"""A PyTorch model from a training script: recorded, followed and mapped by the command line."""

import numpy as np
import pytest
import torch

from thalweg.cli.factory import objective_of
from thalweg.cli.options import Options
from thalweg.cli.work import executor_of
from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.ray.executor import RayExecutor
from thalweg.store.folder import load

TRAIN = """
import torch

import thalweg as tw


def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))


def data():
    inputs = torch.randn(32, 2, generator=torch.Generator().manual_seed(1))
    return inputs, (inputs[:, 0] > 0).long()


def loss(weights=""):
    made = model()
    if weights:
        made.load_state_dict(torch.load(weights))
    return tw.from_torch(made, torch.nn.CrossEntropyLoss(), data(), metrics=[tw.accuracy])
"""


@pytest.fixture
def trained(folder):
    """A run in run.zarr and its last weights in end.pt."""
    (folder / "train.py").write_text(TRAIN)
    objective_of("train.py:loss")
    import train  # type: ignore[import-not-found]

    torch.set_num_threads(1)
    model, (inputs, labels) = train.model(), train.data()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    with Recorder(model, optimizer, store=folder / "run.zarr") as run:
        for _ in range(6):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), labels).backward()
            optimizer.step()
    torch.save(model.state_dict(), folder / "end.pt")
    return run.trajectory


def test_a_recorded_run_is_followed(folder, trained, result):
    told = result("follow", "train.py:loss", "run.zarr", "--points", "9", "--figure", "f.svg")
    made = objective_of("train.py:loss")
    path = load("loss-follow-path.zarr")
    wanted = made.values(trained["point"].values.astype(np.float64))
    np.testing.assert_allclose(path["loss"], wanted, rtol=1e-6)
    assert list(told["fields"]) == ["loss", "loss_stderr"]
    assert "Sampling error of the loss" in (folder / "f.svg").read_text()
    assert "Adam" in (folder / "f.svg").read_text()


def test_a_map_is_centered_on_the_weights_given(folder, trained, result):
    words = ("surface", "train.py:loss", "--arg", "weights=end.pt", "--points", "5")
    told = result(*words, "--fields", "loss,accuracy")
    made = objective_of("train.py:loss")
    assert float(load("loss-surface.zarr")["loss"][2, 2]) == pytest.approx(
        made.value(trained["point"].values[-1]), rel=1e-6
    )
    assert list(told["fields"]) == ["loss", "accuracy"]
    line = result("line", "train.py:loss", "--to", "end.pt", "--points", "7")
    assert line["axes"]["a"]["along"] == "from the start (0) to end.pt (1)"


def test_other_weights_are_another_surface_and_the_model_is_named(folder, trained, asked):
    words = ("surface", "train.py:loss", "--points", "3", "--quiet")
    assert asked(*words)[0] == 0
    code, _, err = asked(*words, "--arg", "weights=end.pt")
    assert code == 2
    assert "model" in err


@pytest.mark.parametrize(
    ("options", "executor"),
    [
        (Options(), None),
        (Options(ray="local"), RayExecutor()),
        (Options(ray="local", workers=2), RayExecutor(workers=2)),
        (Options(ray="auto"), RayExecutor("auto")),
        (
            Options(ray="head:6379", trust_cluster=True),
            RayExecutor("head:6379", trust_cluster=True),
        ),
    ],
)
def test_ray_as_asked_for(options, executor):
    assert executor_of(options) == executor
