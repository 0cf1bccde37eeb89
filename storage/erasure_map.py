"""The map of erasure: every column of every table, and what becomes of it when a person is erased.

A table is `Gone` (his rows are deleted), `Emptied` (his rows stay, without what is personal) or `Ours` (it holds nothing of
customers). tests/storage/test_erasure_map.py fails for a column that is not here: whoever adds one says what it holds.
The order is the order of the work: what is found through another table comes before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

By = tuple[str, str]  # SQL with `IN (:among)`, and which ids of the scope go in; "events" -- those that
# storage.erasure_steps.events finds, window by window
CONTACTS: Final[By] = ("contact_id IN (:among)", "contacts")
CONVERSATIONS: Final[By] = ("conversation_id IN (:among)", "conversations")
POLICIES: Final[By] = ("policy_id IN (:among)", "policies")
# The largest tables know a conversation by its messages: an index for an erasure alone would cost every row something.
_MESSAGES: Final = "SELECT m.id FROM message m WHERE m.conversation_id IN (:among)"
_TRIES: Final = (
    "SELECT t.id FROM announcement a JOIN announced d ON d.announcement_id = a.id JOIN announced_try t"
    " ON t.subscription_id = d.subscription_id AND t.announcement_id = d.announcement_id"
)
_CASES: Final = "SELECT c.id FROM policy_case c WHERE c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """His rows are deleted. `by` -- how they are found, one statement each; `key` -- the primary key; `columns` -- all of
    them; `step` -- of storage.erasure_steps that does it, where the table has none of its own."""

    columns: str
    by: tuple[By, ...] = (CONTACTS,)
    key: str = "id"
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied:
    """His rows stay for `why`. `kept` -- columns that say nothing of him; `emptied` -- the others, with what they become (SQL)."""

    why: str
    kept: str
    emptied: Mapping[str, str]
    by: tuple[By, ...]
    key: str = "id"
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Nothing of customers. `why` -- what makes us sure."""

    columns: str
    why: str = field(default="what we are ourselves")


Rule = Gone | Emptied | Ours

MAP: Final[Mapping[str, Rule]] = {
    # ---- what tells others of him
    "telling": Gone(
        by=(
            (
                "notice_id IN (SELECT n.id FROM notice n WHERE n.conversation_id IN (:among))",
                "conversations",
            ),
        ),
        columns="id notice_id way advisor_id target state attempts code created_at next_at told_at",
    ),
    "notice": Gone(
        by=(CONVERSATIONS,),
        columns="id key kind conversation_id handoff_id advisor_id urgent state step created_at look_at told_at alarmed_at"
        " ended_at",
    ),
    "announced_try": Gone(
        by=((f"id IN ({_TRIES} WHERE a.lane IN (:among))", "lanes"),),
        columns="id subscription_id announcement_id at took_ms status error answer",
    ),
    "announced": Gone(
        by=(("announcement_id IN (SELECT a.id FROM announcement a WHERE a.lane IN (:among))", "lanes"),),
        key="subscription_id announcement_id",
        columns="subscription_id announcement_id lane state attempts next_at lease_until boot_id status error took_ms"
        " created_at done_at",
    ),
    "announcement": Gone(by=(("lane IN (:among)", "lanes"),), columns="id type about lane data at"),
    # ---- what waits
    "timer": Gone(by=(CONVERSATIONS,), columns="id conversation_id point_id name due_at data"),
    "attempt": Gone(
        by=((f"outbox_id IN (SELECT o.id FROM outbox o WHERE o.message_id IN ({_MESSAGES}))", "conversations"),),  # noqa: S608 -- ours
        columns="id outbox_id number started_at took_ms outcome code detail",
    ),
    "outbox": Gone(
        by=((f"message_id IN ({_MESSAGES})", "conversations"),),
        columns="id cause step account_id point_id contact_id conversation_id message_id part last_part out_seq klass purpose"
        " state body_sealed not_before not_after attempts boot_id started_at external_id error created_at done_at version",
    ),
    "later_message": Gone(
        by=(CONVERSATIONS,),
        columns="id conversation_id contact_id advisor_id body_sealed state reason due_at created_at ended_at",
    ),
    "task": Gone(
        by=(CONVERSATIONS,),
        columns="id conversation_id contact_id owner_id note_sealed state due_at created_by created_at rang_at ended_at"
        " ended_by",
    ),
    "care_task": Gone(
        by=(POLICIES,),
        columns="id policy_id contact_id kind anchor due_at state fired route reason answer_sealed sent_at answered_at",
    ),
    # ---- files, and the ways to them
    "document_link": Gone(
        by=(CONTACTS, ("file_id IN (:among)", "files")), columns="id file_id contact_id until opened tries created_at"
    ),
    "file": Gone(
        by=(CONTACTS, ("id IN (:among)", "files")),
        columns="id contact_id name_sealed mime size sha256 key_sealed purpose created_by created_at deleted_at",
    ),
    "attachment": Gone(
        columns="id message_id conversation_id contact_id account_id kind name_sealed mime size source_sealed state reason"
        " attempts next_at file_id created_at"
    ),
    # ---- what was said and done
    "idempotency": Gone(by=(), key="actor_id key", columns="actor_id key request_hash status answer_sealed created_at"),
    "message": Gone(
        by=(CONVERSATIONS,),
        columns="id conversation_id point_id contact_id seq direction author advisor_id kind body_sealed external_id status"
        " error route event_id said_at received_at edited_at",
    ),
    "handoff": Gone(
        by=(CONVERSATIONS,),
        columns="id conversation_id contact_id code reason priority state test opened_at due_at late_at taken_at taken_by"
        " closed_at outcome first_reply_at team offered_to offered_until passed escalate_at escalated_at",
    ),
    "contact_attempt": Gone(
        by=(CONVERSATIONS,), columns="id conversation_id contact_id number result note_sealed by_id next_at at"
    ),
    "screening": Gone(by=(CONVERSATIONS,), columns="id conversation_id contact_id outcome answers_sealed by_id at"),
    "field_change": Gone(
        by=(CONVERSATIONS,), columns="id conversation_id contact_id field source by_id value_sealed at"
    ),
    "ticket": Gone(
        by=(CONVERSATIONS,),
        columns="id kind token_hash conversation_id contact_id data created_by created_at expires_at opened_at used_at",
    ),
    "case_step": Gone(
        by=(
            (f"case_id IN ({_CASES}.conversation_id IN (:among))", "conversations"),
            (f"case_id IN ({_CASES}.contact_id IN (:among))", "contacts"),
        ),
        columns="id case_id contact_id act from_state to_state by_id note_sealed at",
    ),
    "policy_case": Gone(
        by=(CONVERSATIONS, CONTACTS),
        columns="id conversation_id contact_id product insurer state held form starts_on declared_print told_sealed policy_id"
        " test created_by created_at changed_at agreed_at sent_at version",
    ),
    "privacy_step": Emptied(
        why="that his request was answered in time, and by whom, is ours to prove",
        by=(("contact_id IN (:among) AND NOT emptied", "contacts"),),
        kept="id request_id contact_id act from_state to_state by_id at",
        emptied={"note_sealed": "NULL", "emptied": "TRUE"},
    ),
    "privacy_request": Emptied(
        why="that he asked, when, and what became of it is ours to prove (class R6)",
        by=(("contact_id IN (:among) AND NOT emptied", "contacts"),),
        kept="id code contact_id kind source way state legal processor handler_id received_at ack_due_at due_at acknowledged_at"
        " verified_at extended_at decided_at closed_at erasure_id created_by changed_at version",
        emptied={
            "conversation_id": "NULL",
            "message_id": "NULL",
            "words_sealed": "NULL",
            "answer_sealed": "NULL",
            "emptied": "TRUE",
        },
    ),
    "delivery": Gone(
        by=(POLICIES,),
        columns="id policy_id contact_id means state route reason message_id document_sha256 created_by created_at sent_at"
        " delivered_at confirmed_at",
    ),
    "policy": Gone(
        columns="id contact_id conversation_id insurer product number_sealed number_blind starts_on ends_on premium_sealed"
        " document_id state test created_by issued_at delivered_at version"
    ),
    "conversation": Gone(
        columns="id point_id contact_id account_id channel stage status assignee_id labels test lang version state_sealed"
        " outcome preview_sealed opened_at last_message_at last_inbound_at waiting_since snoozed_until closed_at changed_at"
        " seen_seq reason_sealed team"
    ),
    # ---- what came in
    "parked": Gone(
        by=(CONTACTS, ("point_id IN (:among)", "points")),  # some came before anybody was known there
        columns="id event_id account_id point_id contact_id kind ref body_sealed seq said_at parked_at",
    ),
    "inbound_conflict": Gone(
        by=(("event_id IN (:among)", "events"),),
        columns="id account_id event_id day body_sealed received_at",
    ),
    "inbox_event": Emptied(
        why="the hash of its key, so that a platform that delivers it again is known to repeat itself",
        by=(("id IN (:among)", "events"),),
        kept="id account_id key_hash kind source seq state attempts day received_at due_at done_at",
        emptied={
            "key": "NULL",
            "point_id": "NULL",
            "reason": "'erased'",
            "body_sealed": "NULL",
            "body_hash": ":nothing",
            "conversation_id": "NULL",
        },
    ),
    # ---- the person
    "search_token": Gone(key="token conversation_id", columns="token conversation_id contact_id"),
    "duplicate": Gone(
        by=(("one_id IN (:among)", "contacts"), ("other_id IN (:among)", "contacts")),
        columns="id one_id other_id reason state decided_by decided_at created_at",
    ),
    "consent": Gone(
        columns="id contact_id conversation_id purpose state text_key text_version text_hash lang channel account_id message_id"
        " external_id said_sealed at"
    ),
    "contact_value": Gone(columns="id contact_id kind value_sealed value_blind source told_by confirmed created_at"),
    "contact_point": Gone(
        step="cut",
        by=(("id IN (:among)", "points"),),
        columns="id account_id thread contact_id conversation_id seq message_seq out_seq name_sealed reachable"
        " unreachable_reason last_inbound_at created_at blocked_at blocked_by blocked_why",
    ),
    "web_session": Gone(step="cut", by=(), key="token_hash", columns="token_hash account_id thread created_at seen_at"),
    "contact": Emptied(
        why="the audit trail names him by this id, which leads nowhere",
        step="cut",
        by=(("id IN (:among) AND erased_at IS NULL", "contacts"),),
        kept="id test version created_at updated_at erased_at",
        emptied={
            "name_sealed": "NULL",
            "name_by": "NULL",
            "salutation": "''",
            "lang": "'vi'",
            "ads_off": "ads_off",
            "reminders_off": "reminders_off",
            "merged_into": "NULL",
        },
    ),
    "contact_key": Gone(step="key", key="contact_id", columns="contact_id wrapped created_at"),
    # ---- ours
    "account": Ours(columns="id channel name state reason paused_until bot cursor created_at held_since freed_at"),
    "account_stat": Ours(
        columns="account_id deliveries duplicates rejected events messages receipts ignored quarantined pending",
        why="numbers",
    ),
    "advisor": Ours(
        columns="id email name role agent_code password_hash failures delayed_until disabled_at created_at seen_at",
        why="our own people",
    ),
    "agent_certificate": Ours(
        columns="id advisor_id number insurer products valid_from valid_to swept_at updated_by updated_at",
        why="our own people",
    ),
    "api_token": Ours(columns="id name role advisor_id token_hash created_at used_at revoked_at"),
    "audit_entry": Ours(
        columns="id at actor action object_type object_id fields result request_id source chain_seq chain_hash",
        why="ids and names of fields, never values; a chain that must not be broken",
    ),
    "availability": Ours(columns="advisor_id away_at capacity", why="our own people"),
    "canned_answer": Ours(columns="id shortcut title text updated_by updated_at", why="nobody's values"),
    "credential": Ours(
        columns="account_id generation state first_blind access_sealed refresh_sealed previous_sealed expires_at issued_at"
        " changed_at reason",
        why="platforms' tokens of our accounts",
    ),
    "day_key": Ours(columns="day wrapped created_at destroyed_at", why="a key"),
    "erasure": Ours(
        columns="id contact_id state step scope reason asked_by asked_behind asked_at decided_by decided_at done_at needles_sealed proof",
        why="the list that a restore applies again: ids that lead nowhere; the needles go when it is done",
    ),
    "export_ask": Ours(
        columns="id state purpose wanted_sealed wanted_blind asked_by asked_behind asked_at decided_by decided_at used_at",
        why="what people of ours asked for: a name or number in the question is under the master key, and goes thirty days after it was asked (storage.retention)",
    ),
    "held": Ours(
        columns="id contact_id kind object_id reason until number_blind file_id key_sealed body_sealed created_at",
        why="what the law keeps of him, until its end (storage.holds)",
    ),
    "holiday": Ours(columns="day name works updated_by updated_at"),
    "invite": Ours(columns="token_hash advisor_id kind created_by created_at expires_at", why="our own people"),
    "notice_setting": Ours(columns="advisor_id data updated_at", why="our own people"),
    "push_subscription": Ours(
        columns="id advisor_id endpoint_blind keys_sealed host agent created_at used_at", why="our own people"
    ),
    "recovery_code": Ours(columns="code_hash advisor_id", why="our own people"),
    "saved_filter": Ours(columns="id owner_id name shared query created_at updated_at", why="our own people"),
    "second_factor": Ours(
        columns="advisor_id secret_sealed confirmed_at last_step tries tries_since created_at", why="our own people"
    ),
    "session": Ours(
        columns="id_hash advisor_id created_at seen_at expires_at agent place proved_at", why="our own people"
    ),
    "setting": Ours(columns="name value updated_at", why="facts of the installation"),
    "shift": Ours(columns="id owner weekday begins ends", why="our own people"),
    "subscription": Ours(
        columns="id url name types include secret_sealed old_secret_sealed old_until enabled reason failing_since"
        " paused_until last_ok_at owner_id created_at updated_at version",
        why="addresses of other systems",
    ),
    "team": Ours(columns="id name first_minutes next_minutes created_at", why="our own people"),
    "team_member": Ours(columns="team_id advisor_id", why="our own people"),
}
