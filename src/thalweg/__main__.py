"""`python -m thalweg` is `thalweg`."""

from thalweg.cli import entry

entry()
