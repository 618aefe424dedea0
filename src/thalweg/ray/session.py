"""Session: the Ray that a run uses, started here if none runs, and stopped again."""

import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from thalweg.core.errors import InputError, MissingExtraError, ThalwegError
from thalweg.ray.leftovers import Process, end, offspring

LOOPBACK = "127.0.0.1"
SHELTER = "thalweg-ray-"  # the folders of our Ray: thalweg-ray-<process>-<anything>
LOCAL = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_usage_stats_enabled": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of work that was canceled after the first fault
}
SET_BY_RAY = ("PYTHONBREAKPOINT", "RAY_CLIENT_MODE", "RAY_USAGE_STATS_ENABLED")
THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
)


def import_ray() -> Any:
    """Return the module `ray`.

    Raises:
        MissingExtraError: it is not installed.
    """
    # What Ray reads only while it is imported: where to listen, and lines not to print.
    quiet = {"RAY_DEDUP_LOGS_SKIP_REGEX": "A worker died or was killed"}  # the executor sees to it
    with _environment({**LOCAL, **quiet}):
        try:
            import ray
        except ImportError as fault:
            mend = "pip install 'thalweg[ray]'"
            raise MissingExtraError("Ray is needed here", "not installed", mend) from fault
    return ray


@contextmanager
def local_ray(workers: int, threads: int) -> Iterator[Any]:
    """Yield `ray`, connected to a Ray of our own that nobody else can reach; then stop it.

    It listens on the loopback alone, asks for a token that is kept in no file, and has no
    dashboard. Its processes end with this one, however that ends.

    Args:
        workers: how many tasks it runs at a time.
        threads: how many threads a task may use.
    """
    ray = import_ray()
    from ray._private import ray_constants

    _sweep()
    with ExitStack() as after:
        settings = {
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_AUTH_MODE": "token",
            # What this process can import, its workers can import.
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
            **LOCAL,
            **dict.fromkeys(THREADS, str(threads)),
        }
        after.callback(_read_settings_again)
        after.enter_context(_environment(settings))
        _read_settings_again()
        folder = tempfile.mkdtemp(prefix=f"{SHELTER}{os.getpid()}-", dir=_short_folder())
        after.callback(shutil.rmtree, folder, ignore_errors=True)
        cluster, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False
        after.callback(setattr, ray_constants, "ENABLE_RAY_CLUSTER", cluster)
        others = offspring(os.getpid())
        after.callback(_stop, ray, others)
        with _own_signals():
            context = ray.init(
                address="local",
                num_cpus=workers * threads,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _temp_dir=folder,
            )
        where = context.address_info["node_ip_address"]
        if where != LOOPBACK:
            raise ThalwegError(f"Ray must listen on {LOOPBACK}, got {where}; it was stopped again")
        yield ray


def _stop(ray: Any, others: set[Process]) -> None:
    """Stop our Ray with all its processes; `others` were there before it."""
    ours = offspring(os.getpid()) - others
    ray.shutdown()
    end({one for one in ours if b"ray" in _command(one)})


def _command(process: Process) -> bytes:
    try:
        return Path(f"/proc/{process.number}/cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def running_ray(address: str, trust: bool) -> Iterator[Any]:
    """Yield `ray`, connected to a cluster that runs already; then leave it.

    Args:
        address: "auto", or "host:port".
        trust: use it although it asks nobody for a token.

    Raises:
        InputError: no cluster there, or one that lets everybody in.
    """
    ray = import_ray()
    with ExitStack() as after:
        try:
            _knock(os.environ.get("RAY_ADDRESS", address) if address == "auto" else address)
            after.callback(ray.shutdown)
            with _own_signals():
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as fault:
            said = " ".join(str(fault).split())[:200]
            mend = "start it, set RAY_AUTH_TOKEN to its token, or leave the address out"
            raise InputError(f"a Ray cluster must answer at {address}", said, mend) from fault
        found = ray.get_runtime_context().gcs_address
        if not (trust or found.startswith(f"{LOOPBACK}:")) and _lets_everybody_in(found):
            wanted = f"the Ray cluster at {found} must ask for a token"
            mend = "start it with RAY_AUTH_MODE=token, or say trust_cluster=True"
            raise InputError(wanted, "none: whoever reaches it can run code there", mend)
        yield ray


def _knock(address: str) -> None:
    """Raise OSError if nobody answers there; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=10.0).close()


def _lets_everybody_in(address: str) -> bool:
    """Return whether the cluster answers a process that has no token."""
    ask = "import sys; from ray._raylet import GcsClient; GcsClient(address=sys.argv[1])"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    asked = subprocess.run(
        [sys.executable, "-c", ask, address],
        env={**bare, "RAY_AUTH_MODE": "disabled"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return asked.returncode == 0


def _read_settings_again() -> None:
    """Let Ray read its token and its mode from the environment once more."""
    from ray import _raylet

    compiled: Any = _raylet  # its stub knows identifiers only
    compiled.Config.initialize("")
    compiled.AuthenticationTokenLoader.instance().reset_cache()


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for a while, and undo what Ray sets meanwhile."""
    before = {name: os.environ.get(name) for name in (*settings, *SET_BY_RAY)}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the program's own answer to SIGTERM, which Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _short_folder() -> str:
    """Return where our Ray may live: the names of its sockets must stay below 108 letters."""
    return "/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir()


def _sweep() -> None:
    """Remove what the Ray of killed processes left behind."""
    for left in Path(_short_folder()).glob(f"{SHELTER}*"):
        process = left.name.removeprefix(SHELTER).split("-")[0]
        if process.isdigit() and not _lives(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _lives(process: int) -> bool:
    if os.name == "nt":  # signal 0 would be Ctrl-C there; what is left simply stays
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, but is not ours
        pass
    return True
