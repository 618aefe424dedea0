"""factory: the user's own function that makes the objective, found, called and checked."""

import ast
import importlib
import os
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import Parameter as Wanted
from inspect import isfunction, signature
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from thalweg.core.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from thalweg.core.objective import Objective

WRITE = "write MODULE:FUNCTION or path/to/file.py:FUNCTION"
SEE = "mend it, or set THALWEG_TRACEBACK=1 to see more"


def name_of(spec: str) -> str:
    """Return the name of the function in MODULE:FUNCTION.

    Raises:
        InputError: not of that form.

    >>> name_of("train.py:loss")
    'loss'
    """
    place, _, name = spec.rpartition(":")
    if not place or not name.isidentifier():
        raise InputError("the objective must be named as MODULE:FUNCTION", repr(spec), WRITE)
    return name


def objective_of(spec: str, arguments: Sequence[str] = ()) -> "Objective":
    """Return the objective that a user's function makes.

    Args:
        spec: MODULE:FUNCTION or path/to/file.py:FUNCTION.
        arguments: each `name=value`; a value is a Python literal, or else a text.

    Raises:
        InputError: no such module or function, a function that raises, or makes something else.
    """
    from thalweg.core.objective import Objective

    name = name_of(spec)
    given = dict(_argument(words) for words in arguments)
    module = _module(spec.rpartition(":")[0])
    factory = getattr(module, name, None)
    if not callable(factory):
        there = [k for k, v in vars(module).items() if _made_here(v, module)][:8]
        got = f"no function {name}" if factory is None else f"a {type(factory).__name__}"
        raise InputError(
            f"{spec} must be a function", got, f"there are: {', '.join(there) or 'none'}"
        )
    _check_arguments(spec, factory, given)
    with _told(f"{spec} must make an objective"):
        made = factory(**given)
    if not isinstance(made, Objective):
        got = f"{type(made).__module__}.{type(made).__qualname__}".removeprefix("builtins.")
        mend = "return an Objective, such as thalweg.from_torch(model, loss, data)"
        raise InputError(f"{spec} must return an objective", got, mend)
    return made


def _argument(words: str) -> tuple[str, Any]:
    name, equals, value = words.partition("=")
    if not equals or not name.isidentifier():
        raise InputError("--arg must be name=value", repr(words), "write --arg seed=3")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _module(place: str) -> ModuleType:
    path = Path(place)
    if path.suffix != ".py":
        if str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return _imported(place, place)
    if not path.is_file():
        raise InputError(f"{place} must be a Python file", "no such file", "check the path")
    folder = str(path.resolve().parent)
    if folder not in sys.path:  # so that it finds its neighbors, and workers find it
        sys.path.insert(0, folder)
    found = _imported(path.stem, place)
    if Path(found.__file__ or "").resolve() != path.resolve():
        mend = "give the file another name"
        raise InputError(f"{place} must have a name of its own", f"that of {found}", mend)
    return found


def _imported(name: str, place: str) -> ModuleType:
    with _told(f"{place} must import"):
        return importlib.import_module(name)


def _made_here(value: object, module: ModuleType) -> bool:
    return isfunction(value) and value.__module__ == module.__name__


def _check_arguments(spec: str, factory: Callable[..., Any], given: dict[str, Any]) -> None:
    """Raise InputError unless the factory can be called with these arguments by name."""
    try:
        wanted = signature(factory).parameters
    except (TypeError, ValueError):  # some built-in ones do not say
        return
    loose = any(p.kind is Wanted.VAR_KEYWORD for p in wanted.values())
    named = [
        p for p in wanted.values() if p.kind in (Wanted.POSITIONAL_OR_KEYWORD, Wanted.KEYWORD_ONLY)
    ]
    names = [p.name for p in named]
    unknown = [name for name in given if name not in names and not loose]
    if unknown:
        mend = f"it takes {', '.join(names) or 'no arguments'}"
        raise InputError(f"{spec} must take the arguments given", ", ".join(unknown), mend)
    needed = [p.name for p in wanted.values() if p.default is Wanted.empty and p.name not in given]
    needed = [
        n for n in needed if wanted[n].kind not in (Wanted.VAR_KEYWORD, Wanted.VAR_POSITIONAL)
    ]
    if needed:
        mend = " ".join(f"--arg {name}=..." for name in needed)
        raise InputError(f"{spec} needs arguments", f"no {', '.join(needed)}", f"give {mend}")


@contextmanager
def _told(wanted: str) -> Iterator[None]:
    """Turn what a guest's code raises into one line: what, and where in the guest's file."""
    try:
        yield
    except Exception as fault:
        if os.environ.get("THALWEG_TRACEBACK") or isinstance(fault, MissingExtraError):
            raise
        said = f"{type(fault).__name__}: {fault}".rstrip(": ")
        raise InputError(wanted, f"{said}{_place(fault)}", SEE) from fault
    except SystemExit as fault:
        raise InputError(wanted, f"an exit{_place(fault)}", SEE) from fault


def _place(fault: BaseException) -> str:
    """Return the deepest line that is the guest's: no library's, and none of ours."""
    if isinstance(fault, SyntaxError) and fault.filename:
        return f" ({Path(fault.filename).name}, line {fault.lineno})"
    ours = Path(__file__).parents[1]
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    libraries = [ours, *(Path(sysconfig.get_path(name)) for name in names)]
    for frame in reversed(traceback.extract_tb(fault.__traceback__)):
        path = Path(frame.filename)
        if path.is_file() and not any(path.is_relative_to(folder) for folder in libraries):
            return f" ({path.name}, line {frame.lineno})"
    return ""
