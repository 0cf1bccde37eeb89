"""Finding a conversation by words without keeping the words: keyed HMACs of folded words, of the beginnings of names,
and of phone numbers and their last four digits. Written off the hot path; erased with the contact."""

from __future__ import annotations

import re
import unicodedata
from base64 import b32hexencode
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from storage import contacts, plates
from storage.ids import new_id
from storage.keys import KeyMissing, KeyRing
from storage.tx import Tx

CURSOR: Final = "search_cursor_3"  # setting: id of the last message of a person whose words are in the index; a new
# number has everything read once more, in the background: plates that stand in messages
MARGIN_MS: Final = 30_000  # messages of another process may commit out of id order: the cursor stays this far behind
WORDS: Final = 60  # of one message
LONGEST: Final = 24
ASKED: Final = 8  # words of one query
LAST: Final = 4  # digits of a phone number by which people name it
IDENTIFIER: Final = 4  # letters and digits that a plate or a code has at least
BITE: Final = 20  # messages a unit: a few milliseconds
STATEMENT: Final = 200  # rows a statement
NEAR: Final = 30  # of a conversation's messages, the last, that are read at once where words are taken out
LETTERS: Final = 8000  # of theirs: a few milliseconds
AGAIN: Final = (
    "search_again "  # setting, with a conversation's id: below which message it is to be read once more, in bites
)
_WORD: Final = re.compile(r"\d+|[^\W\d_]+")
_NAMES: Final = ("name", "org_name", "full_name")
_EXACT: Final = ("phone", "email", "plate", "code", "policy_number")
_PLAIN: Final = str.maketrans("đ", "d")


def fold(text: str) -> str:
    """Lower case without marks: `Đỗ Thị` and `do thi` are the same words."""
    plain = unicodedata.normalize("NFD", text.lower().translate(_PLAIN))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    return _words(fold(text))


def _words(folded: str) -> list[str]:
    return [word[:LONGEST] for word in _WORD.findall(folded)]


def of_text(text: str) -> set[str]:
    """What a message is found by: its words, and its plates however they are typed."""
    folded = fold(text)
    return {*_words(folded)[:WORDS], *plates.values(folded)}


def _digits(text: str) -> str:
    """A phone number as its national digits, `0…`; '' for what is none."""
    digits = re.sub(r"\D", "", text)
    if re.search(r"[^\W\d_]", text):
        return ""
    abroad = next((code for code in ("0084", "84") if digits.startswith(code)), "")
    if abroad and len(digits) - len(abroad) in (9, 10):
        digits = "0" + digits[len(abroad) :].removeprefix("0")
    elif len(digits) == 9 and digits[0] != "0":  # as people type it who leave the trunk's zero out
        digits = "0" + digits
    return digits if len(digits) >= 8 else ""


def squeezed(text: str) -> str:
    """A plate or a number without what people put between: `59A-123.45` and `59a 12345` are the same."""
    return re.sub(r"[\W_]", "", fold(text))


def token(keys: KeyRing, word: str) -> bytes:
    return keys.blind("search", word)


def readings(query: str) -> list[list[str]]:
    """What a query may mean, the narrower first; each reading is of words that must all be there: a phone number whole
    or its last four digits, a plate, a policy number or a request code, else words."""
    query = query.strip()
    number, whole, tight = _digits(query), query.lower(), squeezed(query)
    found: list[list[str]] = [[number]] if number else []
    if tight.isdigit() and (len(tight) == LAST or len(tight) >= IDENTIFIER):
        found.append([tight])
    if re.search(r"\d", tight) and re.search(r"\D", tight) and len(tight) >= IDENTIFIER:
        found += [[tight], [whole]]
    if "@" in whole and " " not in whole:
        return [[whole]]
    folded = fold(query)
    for run in plates.runs(folded):  # among other words
        rest = _words(f"{folded[: run.begin]} {folded[run.end :]}")
        found.append([run.tight, *dict.fromkeys(rest[: ASKED - 1])])
    found.append(list(dict.fromkeys(_words(folded)[:ASKED])))
    return [each for at, each in enumerate(found) if each and each not in found[:at]]


# ---- writing


def index(tx: Tx, *, limit: int = BITE) -> int:
    """Take the next messages and their conversations into the index; how many messages. Call it again while it
    answers `limit` and nobody waits for the database."""
    stored = (tx.value("SELECT value FROM setting WHERE name = :name", name=CURSOR) or "").split("|")
    last, swept = stored[0], stored[-1]
    done = _take(tx, last, "~", limit)
    if done:
        last = done[-1]
    elif tx.postgres:  # messages of other processes commit out of the order of their ids: look once more, later
        done = _take(tx, swept, _id_at(tx.now_ms - MARGIN_MS), limit)
        swept = done[-1] if done else swept
    if done:
        _remember(tx, f"{last}|{swept}")
    return len(done) if len(done) == limit else len(done) + _again(tx, limit - len(done))


def _take(tx: Tx, after: str, before: str, limit: int) -> list[str]:
    # One that is being changed is left to the later look: its old words must not come in behind their removal.
    lock = "FOR SHARE SKIP LOCKED" if tx.postgres else ""
    rows = tx.all(
        "SELECT id, conversation_id, contact_id, body_sealed FROM message WHERE id > :after AND id < :before AND author <> 'bot' "  # noqa: S608
        f"ORDER BY id LIMIT :limit {lock}",
        after=after,
        before=before,
        limit=limit,
    )
    consented = _conversations(tx, [row.conversation_id for row in rows])
    found = {conversation_id: _of_state(state) for conversation_id, (_, state) in consented.items()}
    for row in rows:
        if row.conversation_id in found:
            found[row.conversation_id].update(of_text(_text(tx, row)))
    _put(
        tx,
        [
            (word, conversation_id, consented[conversation_id][0])
            for conversation_id, texts in found.items()
            for word in texts
        ],
    )
    return [row.id for row in rows]


def _id_at(ms: int) -> str:
    """The smallest id that is made at this moment (storage.ids)."""
    return b32hexencode(ms.to_bytes(6) + bytes(10)).decode()[:26].lower()


def _remember(tx: Tx, cursor: str) -> None:
    tx.run(
        "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        name=CURSOR,
        value=cursor,
        now=tx.now_ms,
    )


def _conversations(tx: Tx, ids: Sequence[str]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """(contact, state) of the conversations whose customer agreed to be remembered (C1)."""
    rows = tx.among(
        "SELECT c.id, c.contact_id, c.state_sealed, p.id AS point_id, p.name_sealed FROM conversation c"
        " JOIN contact_point p ON p.id = c.point_id WHERE c.id IN (:among)",
        sorted(set(ids)),
    )
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for row in rows:
        try:
            state = tx.keys.open_json(tx, row.contact_id, "conversation", "state_sealed", row.id, row.state_sealed)
            shown = tx.keys.open_for(
                tx, row.contact_id, "contact_point", "name_sealed", row.point_id, row.name_sealed
            ).decode()
        except KeyMissing:
            continue
        if state.get("consents", {}).get("C1") == "given":
            found[row.id] = (row.contact_id, {**state, "shown": shown})
    return found


def _text(tx: Tx, row: Any) -> str:
    try:
        return str(
            tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed).get("text", "")
        )
    except KeyMissing:
        return ""


def _of_state(state: Mapping[str, Any]) -> set[str]:
    slots: Mapping[str, Any] = state.get("slots", {})
    found = of_name(str(state.get("shown", "")))
    for key in _NAMES:
        found |= of_name(str(slots.get(key) or ""))
    for key in _EXACT:
        found |= of_value(str(slots.get(key) or ""))
    return found | of_value(str(state.get("code", ""))) | set(words(str(slots.get("need") or ""))[:WORDS])


def of_name(name: str) -> set[str]:
    """A name's words and their beginnings from the second letter on."""
    return {word[:length] for word in words(name) for length in range(2, len(word) + 1)} | set(words(name))


def of_value(value: str) -> set[str]:
    """A phone number whole and by its last four digits; an address or plate whole and by its words."""
    number = _digits(value)
    if number:
        return {number, number[-LAST:]} | (set() if value.startswith("+") else {squeezed(value)})
    if not value.strip():
        return set()
    return {value.strip().lower(), squeezed(value), *words(value), *plates.values(fold(value))} - {""}


def put(tx: Tx, conversation_id: str, contact_id: str, found: Iterable[str]) -> None:
    """Words of a conversation; those that are known already stay."""
    _put(tx, [(word, conversation_id, contact_id) for word in set(found)])


def _put(tx: Tx, found: Iterable[tuple[str, str, str]]) -> None:
    rows = [
        {"token": token(tx.keys, word), "conversation_id": conversation_id, "contact_id": contact_id}
        for word, conversation_id, contact_id in sorted(found)
    ]
    for at in range(0, len(rows), STATEMENT):
        tx.rows(
            "INSERT INTO search_token",
            ("token", "conversation_id", "contact_id"),
            rows[at : at + STATEMENT],
            "ON CONFLICT (token, conversation_id) DO NOTHING RETURNING 1",
        )


def retold(tx: Tx, conversation_id: str, was: str, now: str) -> None:
    """A message, which says `now` already, said `was`: of those words the ones go that nothing else in the conversation says."""
    consented = _conversations(tx, [conversation_id])
    if now and conversation_id in consented:
        put(tx, conversation_id, consented[conversation_id][0], of_text(now))
    unsaid(tx, conversation_id, of_text(was) - of_text(now))


def unsaid(tx: Tx, conversation_id: str, gone: AbstractSet[str]) -> None:
    """Words that something said which does not any more. One that was said long ago, too, is found again a little later: all
    messages of a long conversation are too much for one transaction."""
    tokens = {token(tx.keys, word): word for word in gone}
    rows = tx.among(
        "SELECT token FROM search_token WHERE conversation_id = :id AND token IN (:among)",
        list(tokens),
        id=conversation_id,
    )
    left = {tokens[bytes(row.token)] for row in rows}
    left = left - _known(tx, conversation_id) if left else left
    if not left:
        return
    left, below = _said_lately(tx, conversation_id, left)
    tx.run_among(
        "DELETE FROM search_token WHERE conversation_id = :id AND token IN (:among)",
        [token(tx.keys, word) for word in left],
        id=conversation_id,
    )
    if left and below is not None:
        tx.run(
            "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
            name=AGAIN + conversation_id,
            value=f"{below}|{new_id()}",  # each its own: who reads on for an earlier one sees that it was set once more
            now=tx.now_ms,
        )


def _said_lately(tx: Tx, conversation_id: str, words_: AbstractSet[str]) -> tuple[set[str], int | None]:
    """Those of these words that its last messages do not say; the message from which on down nobody looked, None = all were
    read, or need not be."""
    left, letters = set(words_), 0
    rows = tx.all(
        "SELECT id, seq, contact_id, body_sealed FROM message WHERE conversation_id = :id AND author <> 'bot'"
        " ORDER BY seq DESC LIMIT :most",
        id=conversation_id,
        most=NEAR,
    )
    for row in rows:
        text = _text(tx, row)
        left.difference_update(of_text(text))
        letters += len(text)
        if not left:
            return left, None
        if letters > LETTERS:
            return left, row.seq
    return left, rows[-1].seq if len(rows) == NEAR else None


def _again(tx: Tx, limit: int) -> int:
    """The next messages, downwards, of a conversation out of which words were taken that its earlier ones may say: they are in
    the index again. How many."""
    mark = tx.one("SELECT name, value FROM setting WHERE name LIKE :again LIMIT 1", again=f"{AGAIN}%")
    if mark is None:
        return 0
    conversation_id, below = mark.name.removeprefix(AGAIN), int(mark.value.partition("|")[0])
    consented = _conversations(tx, [conversation_id])
    ids = tx.all(
        "SELECT id, seq FROM message WHERE conversation_id = :id AND author <> 'bot' AND seq < :below"
        " ORDER BY seq DESC LIMIT :limit",
        id=conversation_id,
        below=below,
        limit=limit if consented else 0,
    )
    lock = " FOR SHARE SKIP LOCKED" if tx.postgres else ""
    rows = tx.among(
        f"SELECT id, contact_id, body_sealed FROM message WHERE id IN (:among){lock}",  # noqa: S608 -- our own words
        [row.id for row in ids],
    )
    if len(rows) < len(ids):
        return 0  # one is being changed: the next time
    found = {word for row in rows for word in of_text(_text(tx, row))}
    if found:
        put(tx, conversation_id, consented[conversation_id][0], found)
    if len(ids) < limit or not consented:
        tx.run("DELETE FROM setting WHERE name = :name AND value = :was", name=mark.name, was=mark.value)
    else:
        tx.run(
            "UPDATE setting SET value = :value, updated_at = :now WHERE name = :name AND value = :was",
            name=mark.name,
            was=mark.value,
            value=f"{ids[-1].seq}|{new_id()}",
            now=tx.now_ms,
        )
    return len(ids)


def _known(tx: Tx, conversation_id: str) -> set[str]:
    """Every word by which the conversation is found, whatever its messages say."""
    row = tx.one("SELECT contact_id, state_sealed FROM conversation WHERE id = :id", id=conversation_id)
    if row is None:
        return set()
    found: set[str] = set()
    for _, state in _conversations(tx, [conversation_id]).values():
        found |= _of_state(state)
    try:
        state = tx.keys.open_json(tx, row.contact_id, "conversation", "state_sealed", conversation_id, row.state_sealed)
    except KeyMissing:
        return found
    lead = state.get("memory", {}).get("lead") or {}
    found |= of_name(str(lead.get("name") or "")) | of_value(str(state.get("code", "")))
    person = contacts.view(tx, row.contact_id)
    exact = [str(lead.get(key) or "") for key in ("phone", "email")]
    if person is not None:
        found |= of_name(person.name)
        exact += [*person.phones, *person.emails]
    for policy in tx.all(
        "SELECT id, contact_id, number_sealed FROM policy WHERE conversation_id = :id", id=conversation_id
    ):
        exact.append(
            tx.keys.open_for(tx, policy.contact_id, "policy", "number_sealed", policy.id, policy.number_sealed).decode()
        )
    return found.union(*map(of_value, exact))


def forget(tx: Tx, contact_id: str) -> int:
    """Erase every word of a contact; how many."""
    return tx.run("DELETE FROM search_token WHERE contact_id = :id", id=contact_id)
