"""trajectory_from_checkpoints: order, steps, which arrays, and the loss on request."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from thalweg.core.errors import InputError, StoreError
from thalweg.core.layout import Block, Layout
from thalweg.core.layout_attrs import layout_of
from thalweg.core.objective import Objective
from thalweg.core.schema import require_kind
from thalweg.interop.checkpoints.natural import natural_key, steps_of
from thalweg.interop.checkpoints.trajectory import trajectory_from_checkpoints
from thalweg.objectives.zoo import quadratic


def write(path, **arrays):
    save_file({name: np.asarray(array) for name, array in arrays.items()}, path)
    return path


@pytest.fixture
def run(tmp_path):
    """Twelve checkpoints whose numbers sort wrongly as text; parameter w holds the epoch."""
    for epoch in range(12):
        arrays = {"w": np.full((2, 2), epoch, np.float32), "b": np.array([epoch / 2])}
        write(tmp_path / f"epoch_{epoch}.safetensors", **arrays)
    return tmp_path


def test_rows_are_the_stacked_arrays_in_natural_order(run):
    got = trajectory_from_checkpoints(f"{run}/*.safetensors")
    require_kind(got, "trajectory")
    assert got.step.values.tolist() == list(range(12))
    want = [[e / 2, e, e, e, e] for e in range(12)]  # the library writes wide types first
    np.testing.assert_array_equal(got.point, want)
    np.testing.assert_allclose(got.step_length, [0] + 11 * [np.sqrt(4.25)])
    assert np.isnan(got.loss).all()
    assert np.isnan(got.gradient_norm).all()


def test_attributes_tell_files_digests_and_blocks(run):
    got = trajectory_from_checkpoints(f"{run}/epoch_1?.safetensors").attrs
    paths = [run / "epoch_10.safetensors", run / "epoch_11.safetensors"]
    assert got["files"] == [str(path) for path in paths]
    assert got["sha256"] == [hashlib.sha256(p.read_bytes()).hexdigest() for p in paths]
    assert got["dtype"] == "float64"
    assert got["left_out"] == []


def test_blocks_are_named_by_shape_alone(run):
    got = trajectory_from_checkpoints(f"{run}/*.safetensors")
    assert layout_of(got) == Layout((Block("b", (1,)), Block("w", (2, 2))))


def test_points_are_as_wide_as_the_widest_file(tmp_path):
    thin = write(tmp_path / "m1.safetensors", w=np.array([0.1], np.float32))
    half = write(tmp_path / "m2.safetensors", w=np.array([0.1], np.float16))
    wide = write(tmp_path / "m3.safetensors", w=np.array([0.1]))
    assert trajectory_from_checkpoints([thin, half]).point.dtype == np.float32
    got = trajectory_from_checkpoints([thin, wide]).point
    np.testing.assert_array_equal(got, [[np.float32(0.1)], [0.1]])


def test_a_list_is_taken_as_it_stands_and_steps_may_be_told(run):
    files = [run / "epoch_5.safetensors", str(run / "epoch_3.safetensors")]
    got = trajectory_from_checkpoints(files, parameters=["b"])
    assert got.point.values.tolist() == [[2.5], [1.5]]
    assert got.step.values.tolist() == [0, 1]  # no number grows
    assert trajectory_from_checkpoints(files, steps=[7, 9]).step.values.tolist() == [7, 9]
    with pytest.raises(InputError, match="one number for each of 2 files, got 1"):
        trajectory_from_checkpoints(files, steps=[7])
    for steps in ([9, 7], [7, 7], [0.5, 1.5], [[1], [2]]):
        with pytest.raises(InputError, match="whole numbers that rise from file to file"):
            trajectory_from_checkpoints(files, steps=steps)


def test_canonical_checkpoints_against_numpy(canonical):
    got = trajectory_from_checkpoints(str(canonical / "model_*.t7"))
    assert got.step.values.tolist() == [0, 5]
    assert got.attrs["nest"] == "state_dict"
    names = [block.name for block in layout_of(got).blocks]
    assert len(names) == 9
    with np.load(canonical / "checkpoints.npz") as told:
        for row, epoch in zip(got.point.values, ("0", "5"), strict=True):
            parts = [told[f"{epoch}/{name}"].ravel() for name in names]
            np.testing.assert_array_equal(row, np.concatenate(parts))
    buffers = ["running_mean", "running_var", "num_batches_tracked"]
    assert got.attrs["left_out"] == [f"{i}.{name}" for i in (1, 5) for name in buffers]


def test_the_natural_key_reads_numbers():
    names = ["b2", "a10.pt", "a9.pt", "a09b1", "a9b0", "a"]
    want = ["a", "a9.pt", "a9b0", "a09b1", "a10.pt", "b2"]
    assert [str(p) for p in sorted(map(Path, names), key=natural_key)] == want


STEPS = {
    ("m_1.t7", "m_3.t7"): [1, 3],
    ("ck-10/model.bin", "ck-20/model.bin"): [10, 20],
    ("e=0-s=9-loss=3.ckpt", "e=1-s=18-loss=2.ckpt"): [9, 18],
    ("best.pt", "epoch_1.pt"): [0, 1],
    ("a.pt", "b.pt"): [0, 1],
    ("m_2.pt", "m_1.pt"): [0, 1],
    ("lr0.1/model_7.t7",): [7],
}


@pytest.mark.parametrize("names", STEPS)
def test_steps_are_the_last_number_that_grows(names):
    assert steps_of([Path(name) for name in names]).tolist() == STEPS[names]


def test_a_layout_picks_and_orders_through_any_prefix(tmp_path):
    layout = Layout((Block("w", (2,)), Block("a", (1,))))
    for prefix in ("", "module.", "_orig_mod.net."):
        arrays = {"a": [1.0], "w": [2.0, 3.0], "ema": [9.0]}
        path = tmp_path / "m.safetensors"
        write(path, **{prefix + name: array for name, array in arrays.items()})
        got = trajectory_from_checkpoints([path], parameters=layout)
        assert got.point.values.tolist() == [[2.0, 3.0, 1.0]]
        assert layout_of(got) == layout
        assert got.attrs["left_out"] == [prefix + "ema"]


WRONG = {
    "absent": (["w", "z"], "must hold the 2 parameters that were asked for, got no 'z'"),
    "twofold": (["w"], "got them under 'x.' and 'y.'"),
    "twins": (["x.w", "x.w"], "parameters must be names, each once"),
    "shape": (Layout((Block("x.w", (3,)),)), r"must hold 'x.w' of shape \(3,\), got \(2,\)"),
    "none": (["n"], "got no 'n'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_parameters_that_do_not_fit_are_named(tmp_path, case):
    path = write(tmp_path / "m.safetensors", **{"x.w": np.ones(2), "y.w": np.ones(2), "n": [1]})
    parameters, message = WRONG[case]
    with pytest.raises(InputError, match=message) as caught:
        trajectory_from_checkpoints([path], parameters=parameters)
    assert len(str(caught.value).splitlines()) == 1


OTHERS = {
    "missing": ({"w": np.ones(2)}, "'b' of shape .* got no such float array"),
    "shape": ({"w": np.ones(3), "b": np.ones(1)}, r"'w' of shape \(2,\), got \(3,\)"),
    "more": ({"w": np.ones(2), "b": np.ones(1), "c": np.ones(1)}, "got 'c' as well"),
    "type": ({"w": np.ones(2, np.int64), "b": np.ones(1)}, "'w' of shape .* no such float array"),
    "nan": ({"w": np.array([1, np.nan]), "b": np.ones(1)}, "finite numbers in 'w', got 1 that"),
    "complex": ({"w": np.ones(2, np.complex64), "b": np.ones(1)}, "real numbers in 'w'"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_file_of_another_model_is_named(tmp_path, case):
    arrays, message = OTHERS[case]
    first = write(tmp_path / "m1.safetensors", w=np.ones(2), b=np.ones(1))
    second = write(tmp_path / "m2.safetensors", **arrays)
    with pytest.raises(InputError, match=rf"m2\.safetensors must hold .*{message}"):
        trajectory_from_checkpoints([first, second])


def test_numbers_that_are_not_finite_are_kept_on_request(tmp_path):
    path = write(tmp_path / "m.safetensors", w=np.array([np.inf, 1.0]))
    got = trajectory_from_checkpoints([path], allow_nonfinite=True)
    assert got.point.values.tolist() == [[np.inf, 1.0]]


def test_an_objective_gives_layout_loss_and_gradient_norm(tmp_path):
    objective = quadratic([1.0, 3.0])
    [block] = objective.layout.blocks
    for step, point in ((1, [1.0, 0.0]), (2, [3.0, 4.0])):
        write(tmp_path / f"m{step}.safetensors", **{block.name: np.array(point)})
    got = trajectory_from_checkpoints(f"{tmp_path}/m*.safetensors", objective=objective)
    assert got.loss.values.tolist() == [0.5, 28.5]
    np.testing.assert_allclose(got.gradient_norm, [1.0, np.hypot(3, 12)])
    assert got.attrs["objective_digest"] == objective.digest()


def test_nothing_to_read_is_said(tmp_path):
    for files in (f"{tmp_path}/*.pt", f"{tmp_path}/a\0b.pt"):
        with pytest.raises(InputError, match=r"nothing at .*; pass a pattern"):
            trajectory_from_checkpoints(files)
    with pytest.raises(InputError, match="files must name checkpoints, got none"):
        trajectory_from_checkpoints([])
    write(tmp_path / "m.safetensors", n=np.arange(3))
    with pytest.raises(InputError, match="must hold float parameters, got none"):
        trajectory_from_checkpoints(tmp_path / "m.safetensors")


def test_a_broken_file_in_the_middle_is_named(run):
    (run / "epoch_7.safetensors").write_bytes(b"nothing")
    with pytest.raises(StoreError, match=r"epoch_7\.safetensors must be a sound safetensors"):
        trajectory_from_checkpoints(f"{run}/*.safetensors")


def test_known_digests_are_checked(run):
    good = hashlib.sha256((run / "epoch_0.safetensors").read_bytes()).hexdigest()
    digests = {"epoch_0.safetensors": good, "epoch_1.safetensors": good}
    with pytest.raises(StoreError, match=r"epoch_1\.safetensors must .* SHA-256"):
        trajectory_from_checkpoints(f"{run}/*.safetensors", digests=digests)


def test_a_digest_of_no_file_is_refused(run):
    digests = {"epoch_O.safetensors": "0" * 64}
    with pytest.raises(InputError, match="digests must be of files that are read, got 'epoch_O"):
        trajectory_from_checkpoints(f"{run}/*.safetensors", digests=digests)


class Twins(Objective):
    """An objective of two blocks of one shape, which must not change places."""

    layout, name, fields = Layout((Block("u", (1,)), Block("v", (1,)))), "twins", ("loss",)
    start = np.zeros(2)

    def values(self, points):
        return points @ [1.0, 10.0]

    def restrict(self, plane, fields=("loss",)):
        raise NotImplementedError

    def digest(self):
        return "0" * 16


def test_an_objective_takes_no_parameter_for_another(tmp_path):
    write(tmp_path / "m.safetensors", u=[2.0], v=[3.0], w=[4.0], x=[5.0, 6.0])
    files, objective = [tmp_path / "m.safetensors"], Twins()
    for parameters, loss in [(None, 32.0), (["u", "v"], 32.0), (["w", "v"], 34.0)]:
        got = trajectory_from_checkpoints(files, parameters=parameters, objective=objective)
        assert got.loss.values.tolist() == [loss]
    for parameters in (["v", "u"], ["v", "w"], ["u"], ["x"], ["u", "v", "w"]):
        with pytest.raises(InputError, match="must stand in the order of the objective, got"):
            trajectory_from_checkpoints(files, parameters=parameters, objective=objective)


class Valued(Objective):
    """An objective without derivatives."""

    layout, name, fields = Layout.plain(2), "valued", ("loss",)
    start = np.zeros(2)

    def values(self, points):
        return points.sum(axis=1)

    def restrict(self, plane, fields=("loss",)):
        raise NotImplementedError

    def digest(self):
        return "0" * 16


def test_without_derivatives_only_the_loss_is_known(tmp_path):
    write(tmp_path / "m1.safetensors", x=np.array([1.0, 2.0]))
    got = trajectory_from_checkpoints(f"{tmp_path}/m1.safetensors", objective=Valued())
    assert got.loss.values.tolist() == [3.0]
    assert np.isnan(got.gradient_norm).all()
