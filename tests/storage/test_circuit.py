"""When an account is asked by nobody, by one, by all; and how often something may be said again."""

from __future__ import annotations

from storage.circuit import CLOSES, LONGEST_MS, OPEN_MS, SPARE, WITHIN_MS, Budget, Circuit
from storage.gates import NO_ANSWER, Gates

T = 1_795_000_000_000
ID = "zalo:oa"


def opened() -> Circuit:
    circuit = Circuit()
    assert [circuit.failed(T) for _ in range(5)] == [False] * 4 + [True]
    return circuit


def test_five_in_a_row_open_it_and_an_answer_in_between_does_not() -> None:
    circuit = Circuit()
    for _ in range(3):
        assert not any(circuit.failed(T) for _ in range(4))
        circuit.answered(T)
    assert not circuit.holds(T)
    assert opened().holds(T + OPEN_MS - 1)
    assert not opened().holds(T + OPEN_MS)


def test_five_in_five_hours_are_none_in_a_row() -> None:
    circuit = Circuit()
    assert not any(circuit.failed(T + number * 3_600_000) for number in range(9))
    assert not any(circuit.failed(T + 90_000_000 + number * WITHIN_MS // 4) for number in range(9))


def test_who_failed_before_does_not_open_again_what_others_got_through() -> None:
    circuit = opened()
    now = circuit.until
    assert not circuit.answered(now)
    assert not circuit.failed(now, again=True)
    assert circuit.asks(now)
    assert [circuit.answered(now), circuit.answered(now)] == [False, True]
    circuit = opened()
    assert circuit.failed(circuit.until, again=True), "nobody got through"


def test_half_of_twenty_within_a_minute_open_it() -> None:
    circuit = Circuit()
    for number in range(9):
        circuit.answered(T + number)
        assert not circuit.failed(T + number)
    circuit.answered(T + 10)
    assert circuit.failed(T + 11), "ten of twenty"


def test_what_failed_long_ago_counts_no_more() -> None:
    circuit = Circuit()
    for number in range(9):
        circuit.answered(T + number)
        circuit.failed(T + number)
    circuit.answered(T + WITHIN_MS + 10)
    assert not circuit.failed(T + WITHIN_MS + 11)


def test_it_opens_for_longer_each_time_and_closes_after_three() -> None:
    circuit, now = opened(), T
    for wait in (OPEN_MS, 60_000, 120_000, 240_000, LONGEST_MS, LONGEST_MS):
        assert circuit.until == now + wait
        now = circuit.until
        assert circuit.asks(now)
        assert circuit.failed(now)
    now = circuit.until
    assert [circuit.answered(now) for _ in range(CLOSES)] == [False, False, True]
    assert not circuit.asks(now)
    assert not any(circuit.failed(now) for _ in range(4)), "it begins anew"
    assert circuit.failed(now)
    assert circuit.until == now + OPEN_MS


def test_one_that_fails_among_the_three_begins_again() -> None:
    circuit = opened()
    now = circuit.until
    circuit.answered(now)
    circuit.answered(now)
    assert circuit.failed(now)
    now = circuit.until
    assert [circuit.answered(now) for _ in range(CLOSES)] == [False, False, True]


def test_what_left_before_it_opened_changes_nothing() -> None:
    circuit = opened()
    until = circuit.until
    assert not circuit.failed(T + 1)
    assert not circuit.answered(T + 1)
    assert circuit.until == until


def test_the_jitter_moves_the_time() -> None:
    circuit = Circuit()
    for _ in range(5):
        circuit.failed(T, jitter=0.8)
    assert circuit.until == T + 24_000


def test_repetitions_are_a_tenth_and_a_trickle() -> None:
    budget = Budget()
    assert sum(budget.take(T) for _ in range(200)) == SPARE
    for _ in range(100):
        budget.sent()
    assert sum(budget.take(T) for _ in range(200)) in (9, 10)
    assert sum(budget.take(T + 5000) for _ in range(200)) == 5


def test_a_half_open_account_lets_the_oldest_out_and_nobody_else() -> None:
    gates = Gates()
    gate = gates.configure(ID, rate=0, chat_rate=0)
    for _ in range(5):
        gates.unanswered(ID, T, jitter=1.0)
    assert not gates.admit(ID, "a", T, oldest=True)
    assert gate.state(T) == ("down", NO_ANSWER, T + OPEN_MS)
    now = T + OPEN_MS
    assert not gates.admit(ID, "new", now)
    assert gates.admit(ID, "a", now, oldest=True)
    assert not gates.admit(ID, "b", now, oldest=True), "one at a time"
    assert gate.state(now) == ("down", NO_ANSWER, None)
    for _ in range(CLOSES):
        gates.answered(ID, now)
    assert gates.admit(ID, "new", now)
    assert gate.state(now) == ("ok", "", None)


def test_a_spent_budget_holds_repetitions_back_and_nothing_else() -> None:
    gates = Gates()
    gate = gates.configure(ID, rate=0, chat_rate=0, slots=10_000)
    while gates.admit(ID, "a", T, again=True):
        pass
    assert gate.refused
    assert gates.admit(ID, "b", T)
    assert gates.admit(ID, "a", T + 1000, again=True)
