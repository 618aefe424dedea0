"""Table: the stories that are told, and the handler that tells one step of one."""

from typing import TYPE_CHECKING, Any

from thalweg.core.errors import InputError
from thalweg.web.messages import TourStep
from thalweg.web.tours.edge import EDGE
from thalweg.web.tours.hidden_saddle import HIDDEN_SADDLE
from thalweg.web.tours.not_a_bowl import NOT_A_BOWL
from thalweg.web.tours.one_network import ONE_NETWORK
from thalweg.web.tours.valley import VALLEY

if TYPE_CHECKING:
    from thalweg.web.session import Session

STORIES = {story.tour: story for story in (NOT_A_BOWL, HIDDEN_SADDLE, VALLEY, EDGE, ONE_NETWORK)}
TOURS: tuple[dict[str, Any], ...] = tuple(story.entry for story in STORIES.values())


async def tour_step(session: "Session", message: TourStep) -> None:
    """Tell one step of a story; a step that is still being told is given up.

    Raises:
        InputError: no such story, or no such step.
    """
    if message.tour not in STORIES:
        wanted = f"the story must be one of {', '.join(STORIES)}"
        raise InputError(wanted, message.tour, "follow a link of this page")
    story = STORIES[message.tour]
    story.require(message.step)  # before what is being told is given up
    await session.start("tour", story.take(session, message.step))
