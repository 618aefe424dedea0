"""RayExecutor: the same bits whatever dies, nothing left behind, nothing open to others."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import ray_driver
from cases import CASES
from formulas import Formula, ripples
from hostile import DEEDS, HANGS, Endless, Heavy, Hostile, Mortal, deaf, die, dies, threads
from thalweg.core.errors import InputError, ThalwegError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.ray.executor import RayExecutor
from thalweg.ray.session import _lets_everybody_in, _sweep, running_ray
from thalweg.surface.evaluate import evaluate
from thalweg.testing.executors import ExecutorContract

RAY = RayExecutor(workers=2)
PLANE, GRID = Plane(np.zeros(2), np.eye(2)), Grid.square(1.0, 9, tile=3)


def descendants(process):
    """The processes that one started, and those that these started; Linux."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue
        parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found, new = set(), {process}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found


def command(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def is_agent(process):
    """Ray's own two helpers, which run no work and outlive their killed driver by a minute."""
    return command(process).startswith(b"ray::") and b"Agent" in command(process)


def is_worker(process):
    words = command(process)
    if words.startswith(b"ray::"):
        return not is_agent(process)
    return b"default_worker.py" in words and not words.partition(b"\0")[0].endswith(b"raylet")


def alive(process):
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def listening(processes):
    """(address in hexadecimal, port) on which these processes listen; Linux."""
    sockets = set()
    for process in processes:
        for handle in Path(f"/proc/{process}/fd").glob("*"):
            try:
                sockets.add(os.readlink(handle))
            except OSError:
                continue
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            local, state, inode = (line.split()[i] for i in (1, 3, 9))
            if state == "0A" and f"socket:[{inode}]" in sockets:
                found.append(local.partition(":")[::2])
    return found


def wait_until(true, seconds=60):
    for _ in range(seconds * 10):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to pass")


def surroundings():
    others = ("PYTEST_CURRENT_TEST", "TORCHINDUCTOR_CACHE_DIR")  # set by pytest, and by torch
    return {name: value for name, value in os.environ.items() if name not in others}


@pytest.fixture(scope="module")
def up():
    """One Ray for all tests of this file; what was before is there again after it."""
    before, handler = surroundings(), signal.getsignal(signal.SIGTERM)
    others = set(descendants(os.getpid()))  # children that other tests left, such as compilers
    with RAY.running():
        processes = set(descendants(os.getpid())) - others
        assert len(processes) > 3
        assert signal.getsignal(signal.SIGTERM) is handler
        yield RAY
    after = surroundings()
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == set()
    wait_until(lambda: not any(alive(process) for process in processes))
    assert not list(Path("/tmp").glob(f"thalweg-ray-{os.getpid()}-*"))


@pytest.mark.usefixtures("up")
class TestRayExecutor(ExecutorContract):
    def make(self):
        return RAY


def test_the_same_bits_as_in_this_process(up, tmp_path):
    for case in CASES[::20]:
        plane = random_plane(case.point, case.network.layout, scaling=FilterNorm())
        fields = case.objective.fields
        here = evaluate(case.objective, plane, GRID, fields)
        there = evaluate(case.objective, plane, GRID, fields, up, tmp_path / str(case))
        xr.testing.assert_identical(there, here)
        for name in (*fields, "status"):
            assert there[name].values.tobytes() == here[name].values.tobytes()
    seeded = seeded_plane(case.objective, seed=3)
    xr.testing.assert_identical(
        evaluate(case.objective, seeded, GRID, executor=up), evaluate(case.objective, seeded, GRID)
    )


def test_a_torch_model_travels_and_gives_the_same_bits(up):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    data = torch.randn(50, 4), torch.arange(50) % 3
    objective = from_torch(model, nn.CrossEntropyLoss(), data)
    for plane in (seeded := seeded_plane(objective, seed=1), objective.dense(seeded)):
        there = evaluate(objective, plane, GRID, executor=up)
        xr.testing.assert_identical(there, evaluate(objective, plane, GRID))
        assert (there.status == Cell.DONE).all()


def test_the_function_is_unpacked_once_a_worker_and_shared_read_only(up):
    seen = {}
    for _, (process, unpacked, writeable) in up.map(Heavy(), range(40)):
        assert not writeable
        seen.setdefault(process, set()).add(unpacked)
    assert all(len(counts) == 1 for counts in seen.values())
    assert os.getpid() not in seen


def test_workers_use_the_threads_they_were_given(up):
    assert dict(up.map(threads, [0]))[0] == ("1", "1")


def test_workers_that_die_are_not_noticed(up, tmp_path, capfd):
    found = sorted(up.map(Mortal(tmp_path, deaths=3), range(6)))
    assert found == [(i, -i) for i in range(6)]
    assert len(list(tmp_path.iterdir())) == 3
    assert capfd.readouterr() == ("", "")


def test_an_item_that_kills_every_worker_is_lost_and_the_others_are_not(up, tmp_path):
    work, few = Mortal(tmp_path, deaths=99), RayExecutor(workers=2, retries=1)
    found = dict(few.map(work, range(6), lambda i, cause: (i, cause)))
    assert found.pop(3)[1].startswith("its worker died 2 times; WorkerCrashedError: The worker")
    assert found == {i: -i for i in range(6) if i != 3}
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(ThalwegError, match="no result for 3: its worker died 1 times"):
        dict(RayExecutor(workers=2, retries=0).map(work, range(6)))


def test_a_tile_whose_workers_die_is_failed_with_the_cause_and_stays_so(up, tmp_path):
    once = RayExecutor(workers=2, retries=0)
    surface = evaluate(Hostile(die), PLANE, GRID, executor=once, store=tmp_path / "s")
    failed = surface.status == Cell.FAILED
    assert failed.sum() == 9
    assert failed.sel(a=0.5, b=0.25)
    assert (surface.status == Cell.DONE).sum() == 72
    (line,) = surface.attrs["failures"]
    assert line.startswith("from a = 0.5, b = -0.25 to a = 1, b = 0.25: its worker died 1 times")
    xr.testing.assert_identical(evaluate(Hostile(die), PLANE, GRID, store=tmp_path / "s"), surface)


def test_when_all_workers_die_the_run_stops(up):
    with pytest.raises(ThalwegError, match="no progress: 3 workers died in a row; WorkerCrashed"):
        dict(RayExecutor(workers=2, give_up=3).map(dies, range(9), lambda i, cause: None))


def test_long_work_is_no_silence(up):
    dict(up.map(abs, range(4)))  # so that a worker is up to give a sign
    patient = RayExecutor(workers=2, silence=2.0)
    assert dict(patient.map(time.sleep, [2.5])) == {2.5: None}


@pytest.mark.parametrize("name", ["raises", "exits", "shouts", "child returns"])
def test_a_hostile_loss_spoils_its_own_cell_only(up, name, capfd):
    deed, said = DEEDS[name]
    surface = evaluate(Hostile(deed), PLANE, GRID, executor=up)
    assert (surface.status == Cell.DONE).sum() == 80
    assert surface.status.sel(a=0.5, b=0.25) == Cell.FAILED
    assert said in surface.attrs["failures"][0]
    xr.testing.assert_identical(surface, evaluate(Hostile(deed), PLANE, GRID))


def test_a_loss_that_hangs_is_failed_and_one_that_hears_no_alarm_costs_its_tile(up):
    surface = evaluate(Hostile(HANGS["sleeps"]), PLANE, GRID, executor=up, patience=0.5)
    assert (surface.status == Cell.FAILED).sum() == 1
    assert "TooLong: took longer than 0.5 s" in surface.attrs["failures"][0]
    once_only = RayExecutor(workers=2, retries=0)
    surface = evaluate(Hostile(deaf), PLANE, GRID, executor=once_only, patience=0.5)
    assert (surface.status == Cell.FAILED).sum() == 9
    assert (surface.status == Cell.DONE).sum() == 72


def test_a_fault_of_the_request_is_raised_as_it_is(up):
    def refuse(points):
        raise InputError("a", "b", "c")

    with pytest.raises(InputError, match=r"^a, got b; c$"):
        evaluate(Formula(refuse), PLANE, GRID, executor=up)


def test_work_that_cannot_travel_is_refused_in_a_line(up):
    lock = threading.Lock()
    with pytest.raises(InputError, match="must be picklable for Ray, got TypeError: cannot pickle"):
        dict(up.map(lambda i: lock, [1]))


@pytest.mark.parametrize("how", ["close", "Ctrl-C"])
def test_what_is_left_early_is_canceled(up, tmp_path, how):
    results = up.map(Endless(tmp_path), range(9))
    assert next(results) == (0, 0)
    wait_until(lambda: any(tmp_path.iterdir()))
    if how == "close":
        results.close()
    else:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            next(results)
    assert dict(up.map(abs, range(-4, 0))) == {i: -i for i in range(-4, 0)}


def test_nothing_listens_where_others_could_reach_it(up):
    dict(up.map(abs, range(4)))  # with workers up
    found = listening({os.getpid(), *descendants(os.getpid())})
    assert len(found) >= 4
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert {address for address, _ in found} <= loopback
    assert f"{8265:04X}" not in {port for _, port in found}  # dashboard and its jobs


def test_who_has_no_token_is_turned_away(up):
    import ray

    where = ray.get_runtime_context().gcs_address
    assert _lets_everybody_in(where) is False


def test_a_killed_driver_leaves_no_worker_and_its_store_is_resumed_to_the_same_bits(tmp_path):
    store, here = tmp_path / "s", Path(__file__).parent
    child = subprocess.Popen(
        [sys.executable, here / "ray_driver.py", store],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(here)},
    )
    with child:
        done = [int(child.stdout.readline()) for _ in range(5)][-1]
        started = {process for process in descendants(child.pid) if not is_agent(process)}
        assert len(started) > 4
        child.kill()
    wait_until(lambda: not any(alive(process) for process in started))
    seen = []
    resumed = evaluate(
        ray_driver.plain(),
        ray_driver.PLANE,
        ray_driver.GRID,
        store=store,
        progress=lambda *at: seen.append(at),
    )
    assert done <= seen[0][0] - 4 < ray_driver.GRID.size
    whole = evaluate(Formula(ripples), ray_driver.PLANE, ray_driver.GRID)
    assert resumed.loss.values.tobytes() == whole.loss.values.tobytes()
    assert (resumed.status == Cell.DONE).all()
    assert list(Path("/tmp").glob(f"thalweg-ray-{child.pid}-*"))
    _sweep()  # as the next Ray does first
    assert not list(Path("/tmp").glob(f"thalweg-ray-{child.pid}-*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "workers must be at least 1, got 0"),
        ({"threads": 0}, "threads must be at least 1"),
        ({"retries": -1}, "retries must be at least 0"),
        ({"give_up": 0}, "give_up must be at least 1"),
        ({"silence": 0}, "silence must be seconds above 0"),
        ({"address": "somewhere"}, "address must be auto or host:port, got 'somewhere'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        RayExecutor(**arguments)


def test_a_cluster_that_does_not_answer_is_refused_in_a_line():
    wanted = "a Ray cluster must answer at 127.0.0.1:1, got .*Connection refused; start it"
    with pytest.raises(InputError, match=wanted), running_ray("127.0.0.1:1", trust=False):
        pass


def test_another_cluster_than_the_one_in_use_is_refused(up):
    with pytest.raises(InputError, match=r"must use the Ray at 127\.0\.0\.1:1, got 127"):
        dict(RayExecutor("127.0.0.1:1").map(abs, [1]))


def test_nothing_to_do_starts_nothing():
    assert list(RayExecutor(address="127.0.0.1:1").map(abs, [])) == []


def test_when_workers_die_before_they_are_up_the_run_stops(up):  # the last, Ray takes long to mend
    done = threading.Event()

    def kill_them_all():
        while not done.wait(0.05):
            for process in filter(is_worker, descendants(os.getpid())):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    killer = threading.Thread(target=kill_them_all)
    killer.start()
    try:
        with pytest.raises(ThalwegError, match="no progress: "):
            dict(RayExecutor(workers=2, give_up=10, silence=1.5).map(time.sleep, [9] * 9))
    finally:
        done.set()
        killer.join()
