"""Rehearsal: what the first visitor would wait for is done before anybody comes."""

import asyncio
import json
from importlib import import_module

from thalweg.web.hall import Hall

OPENING = {"kind": "open", "points": 5}


async def rehearse(hall: Hall) -> None:
    """Load the code of the handlers, and map the chapter's terrain once, on a few points.

    The loss of somebody else is left alone; it may be slow, and count its calls.
    """
    await asyncio.to_thread(import_module, "thalweg.web.handlers")
    if hall.objective is not None:
        return
    from thalweg.web.session import Session

    session = Session(hall)
    try:
        await session.receive(json.dumps(OPENING))
        await session.idle()
    finally:
        await session.close()
