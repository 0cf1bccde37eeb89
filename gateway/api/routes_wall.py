"""The supervisor's wall: its figures, and the conversations behind each."""

from __future__ import annotations

from functools import partial
from typing import Final

from gateway.api import cursors, models, show
from gateway.api import models_wall as wall
from gateway.api.declare import Call, Routes
from gateway.boards import Answers, NowBoard, PeriodBoard, behind_now
from storage import listing, wishes
from storage.times import rfc3339

routes = Routes("wall")
AT_ONCE: Final = 25  # conversations opened in one read


@routes.get("/wall", may="wall.read")
async def get_wall(call: Call, query: wall.WallQuery) -> wall.Wall:
    """Who waits, who has how much; answer times, the funnel, reasons, scores of a period."""
    boards = call.api.boards
    now, period = await boards.now(tests=query.tests), await boards.period(query.period, tests=query.tests)
    whole = period.answers()
    return wall.Wall(
        at=rfc3339(now.at_ms),
        period=query.period,
        since=rfc3339(period.since),
        until=rfc3339(period.until),
        waiting=_waiting(now),
        people=[
            wall.Load(
                id=one.id, name=one.name, teams=list(one.teams), away=one.away, active=one.active,
                his_turn=one.his_turn, later=one.later, capacity=one.capacity, state=one.state,
            )
            for one in now.people
        ],
        answers=wall.Answered(
            all=_times(whole[0] if whole else Answers("", 0, 0, None, None)),
            channels=[_times(each, "channel:") for each in period.answers("channel")],
            teams=[_times(each, "team:") for each in period.answers("team")],
        ),
        funnel=[wall.Part(of=step, count=count) for step, count in period.funnel],
        lost=[wall.Reason(key=each.key, words=each.words, count=each.count) for each in period.lost],
        scores=_scores(period),
    )  # fmt: skip


@routes.get("/wall/conversations", may="wall.read")
async def list_behind(call: Call, query: wall.Behind) -> models.Conversations:
    """The conversations of one figure, the newest first."""
    boards = call.api.boards
    ids = behind_now(await boards.now(tests=query.tests), query.figure, query.of)
    ids |= (await boards.period(query.period, tests=query.tests)).behind(query.figure, query.of)
    after = cursors.read("b", query.cursor, str)
    left = sorted((each for each in ids if after is None or each < after[0]), reverse=True)
    shown = left[: query.limit]
    found: dict[str, listing.Conversation] = {}
    for at in range(0, len(shown), AT_ONCE):
        found |= await call.store.read(partial(listing.several, conversation_ids=shown[at : at + AT_ONCE]))
    items = [show.conversation(call, found[each]) for each in shown if each in found]
    if any(not item.masked for item in items):
        call.note("conversation.list", "conversation", "", fields=("slots",))
    return models.Conversations(items=items, next=cursors.write("b", shown[-1]) if len(left) > len(shown) else None)


@routes.post("/wall/tests", may="wall.read", keyed=False)
async def want_tests(call: Call, body: wall.WallTests) -> wall.WallTestsKept:
    """Your wall at the desk counts test conversations from now on, or no more; on all your devices."""
    me = call.actor.id
    await call.store.run(lambda tx: wishes.want_tests(tx, me, on=body.tests))
    return wall.WallTestsKept(tests=body.tests)


def _waiting(board: NowBoard) -> wall.WaitingNow:
    oldest = board.oldest
    return wall.WaitingNow(
        count=len(board.waiting),
        late=board.late,
        oldest=wall.Oldest(conversation_id=oldest.id, since=rfc3339(oldest.since)) if oldest else None,
        channels=[wall.Part(of=f"channel:{of}", count=count) for of, count in board.by(lambda one: one.channel)],
        teams=[wall.Part(of=f"team:{of}", count=count) for of, count in board.by(lambda one: one.team)],
    )


def _times(each: Answers, kind: str = "") -> wall.AnswerTimes:
    return wall.AnswerTimes(
        of=f"{kind}{each.of}",
        asked=each.asked,
        answered=each.answered,
        median_minutes=None if each.median is None else round(each.median, 1),
        p90_minutes=None if each.p90 is None else round(each.p90, 1),
    )


def _scores(board: PeriodBoard) -> wall.Scores:
    return wall.Scores(
        average=None if board.score is None else round(board.score, 2),
        count=len(board.count.scored),
        by_score=[wall.Part(of=str(score), count=count) for score, count in board.scores.items()],
    )
