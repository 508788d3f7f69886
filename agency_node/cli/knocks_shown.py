"""What ``status`` says of knocks that wait, and of messages that were not taken."""

from __future__ import annotations

from collections.abc import Iterator

from agency_node.notices.due import is_waiting
from agency_node.notices.ports import Channel, Reply
from agency_node.notices.wiring import NOTICES, notices_store
from agency_node.settings import NodeSettings
from fingerpost.membership import commands
from fingerpost.runtime.screen_text import counted


def knocks_shown(settings: NodeSettings, now: float) -> Iterator[str]:
    """Yield a line for each thing that an operator is to be told. Raises ``Defect``."""
    untold = [str(each.id) for each in settings.agencies if each.desk is None]
    if untold:
        yield f"No message about knocks leaves for {', '.join(untold)}: their desks must look."
    if not (settings.state / NOTICES).exists():
        return
    with notices_store(settings) as store:
        notices, deliveries = store.all(), store.deliveries()
    for each in settings.agencies:
        waiting = [n.at for n in notices if n.agency == each.id and is_waiting(n, now)]
        if waiting:
            said, since = counted(len(waiting), "knock"), commands.utc(min(waiting))
            yield f"{each.id}: {said} that nobody has listed, the first of {since} UTC"
    for kept in sorted(deliveries, key=lambda each: (each.agency, each.channel)):
        if kept.reply is not Reply.TAKEN:
            by = "mail" if kept.channel is Channel.MAIL else "webhook"
            since, lost = commands.utc(kept.failing_since), counted(kept.failures, "message")
            yield (
                f"{kept.agency}: no message by {by} was taken since {since} UTC "
                f"({kept.reply.words}; {lost} tried). Nothing is lost."
            )
