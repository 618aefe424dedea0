"""Recording one's own training: a path from any PyTorch loop."""

from thalweg.core.errors import MissingExtraError

try:
    import torch  # noqa: F401
except ImportError as fault:
    wanted, mend = "a Recorder needs torch", "pip install 'thalweg[torch]'"
    raise MissingExtraError(wanted, "not installed", mend) from fault
