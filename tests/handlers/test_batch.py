"""The turns of a batch: one that fails leaves nothing behind, and each can be written alone."""

from __future__ import annotations

from handlers.batch import Results, Thought
from storage.turns import Lane, Rows


def lane(name: str) -> Lane:
    return Lane(
        point_id=name,
        account_id="telegram:main",
        thread=name,
        contact_id=None,
        current_id=None,
        key=None,
        message_seq=0,
        out_seq=0,
        out_open=False,
        reachable=True,
    )


def note(one: Thought, word: str) -> None:
    one.whole.messages.append({"point": one.lane.point_id, "word": word})
    one.whole.hints.append((word, one.lane.point_id))
    if word == one.lane.thread:
        raise ValueError(word)


def failed(lane_: Lane, rows: Rows, err: Exception) -> None:
    rows.done.append({"id": lane_.point_id, "reason": str(err)})


def thought(*names: str) -> Results:
    """Each lane does two steps and fails in the one that it is named for."""
    results = Results.of([lane(name) for name in names])
    results.each(lambda one: note(one, "first"))
    results.each(lambda one: None, writes=False)
    results.each(lambda one: note(one, "second"))
    return results.settle(failed)


def words(rows: Rows) -> list[tuple[str, str]]:
    return [(row["point"], row["word"]) for row in rows.messages]


def test_all_take_a_step_before_any_takes_the_next() -> None:
    assert words(thought("a", "b").rows) == [("a", "first"), ("b", "first"), ("a", "second"), ("b", "second")]


def test_a_turn_that_fails_leaves_nothing_and_its_neighbours_go_on() -> None:
    results = thought("a", "first", "b", "second", "c")
    assert sorted(words(results.rows)) == [(name, word) for name in "abc" for word in ("first", "second")]
    assert {point for _, point in results.rows.hints} == {"a", "b", "c"}
    assert results.rows.done == [{"id": "first", "reason": "first"}, {"id": "second", "reason": "second"}]
    assert [one.lane.point_id for one in results.lanes] == ["a", "first", "b", "second", "c"]


def test_each_alone_is_the_same_rows() -> None:
    for results in (thought("a", "b"), thought("a", "second", "b")):
        alone = results.singly()
        assert [[one.lane.point_id for one in each.lanes] for each in alone] == [
            [each.point_id] for each in lanes(results)
        ]
        assert sorted(words(results.rows)) == sorted(pair for each in alone for pair in words(each.rows))
        assert [words(one.rows) for one in results.lanes] == [words(each.rows) for each in alone]
        kept = {id(row) for row in results.rows.messages}
        assert all(id(row) in kept for each in alone for row in each.rows.messages)
        assert [len(each.singly()) for each in alone] == [1] * len(alone)


def lanes(results: Results) -> list[Lane]:
    return [one.lane for one in results.lanes]


def test_rows_know_all_their_lists() -> None:
    rows = Rows()
    for number, mine in enumerate(rows.lists):
        mine.extend(range(number))
    marks = rows.marks()
    assert len(set(map(id, rows.lists))) == len(marks) == len([name for name in Rows.__slots__ if name != "lists"])
    rows.messages.append({})
    rows.cut(marks)
    assert rows.marks() == marks
    other = Rows()
    other.add(rows, (0,) * len(marks), marks)
    assert other.lists == rows.lists
