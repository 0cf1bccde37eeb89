"""Our texts as one channel shows them to a customer: words and buttons, made once for all who are told the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from channels import outbound
from channels.contract import Button, Capabilities
from channels.fit import choices
from handlers import wording
from handlers.model import Business, Say, State
from handlers.texts import Texts

KEPT: Final = 2048  # finished texts, and sets of buttons; there are a few hundred
XUNG_HO: Final = "xung_ho"


@dataclass(frozen=True, slots=True)
class Choices:
    """Buttons in the customer's language. `lines` -- what the channel adds to the text in their place · `whole` -- it
    carries them just as they are · `noted` -- as the transcript keeps them · `called` -- as the outbox keeps what the
    channel carries. Shared by many turns: nothing in it is ever changed."""

    buttons: tuple[Button, ...] = ()
    lines: str = ""
    whole: bool = True
    noted: tuple[dict[str, Any], ...] = ()
    called: tuple[list[Any], ...] = ()
    asks_contact: bool = False


NO_CHOICE: Final = Choices()
ADDRESSED: Final = frozenset({"xung_ho", "ten_goi"})


class Voice:
    """Of one channel. What a text says of the customer himself is put in anew each time, everything else is kept."""

    def __init__(self, texts: Texts, business: Business, capabilities: Capabilities) -> None:
        self.texts = texts
        self.business = business
        self.capabilities = capabilities
        self._words: dict[tuple[str, str, object], str] = {}
        self._choices: dict[tuple[tuple[Button, ...], str], Choices] = {}

    def words(self, say: Say, state: State) -> str:
        """The text of `say`, finished.

        :raises UnfilledVariable: it must not be sent
        """
        own = say.values
        if own and (len(own) > 1 or XUNG_HO not in own):
            return self._rendered(say, state)
        named = (say.key, state.lang, own[XUNG_HO] if own else wording.address(state.salutation))
        known = self._words.get(named)
        if known is None:
            known = self._rendered(say, state)
            if self.texts.variables(say.key, state.lang) <= wording.FIXED:
                _keep(self._words, named, known)
        return known

    def values(self, say: Say, state: State) -> dict[str, str]:
        """What a platform's template may say in place of the text: its variables, what else `say` gives, and how he is
        addressed."""
        also = ADDRESSED | say.values.keys()
        return wording.variables(say, state=state, business=self.business, texts=self.texts, also=also)

    def choices(self, said: Sequence[Say], lang: str) -> Choices:
        """The buttons under a message that says all of `said`."""
        buttons = tuple([button for say in said for button in say.buttons]) if len(said) > 1 else said[0].buttons
        if not buttons:
            return NO_CHOICE
        known = self._choices.get((buttons, lang))
        if known is None:
            known = self._fitted(tuple(replace(one, label=self.texts.button(one.label, lang)) for one in buttons))
            _keep(self._choices, (buttons, lang), known)
        return known

    def _rendered(self, say: Say, state: State) -> str:
        values = wording.variables(say, state=state, business=self.business, texts=self.texts)
        return self.texts.render(say.key, state.lang, **values)

    def _fitted(self, buttons: tuple[Button, ...]) -> Choices:
        shown, lines = choices(buttons, self.capabilities)
        return Choices(
            buttons=buttons,
            lines=lines,
            whole=shown == buttons,
            noted=tuple({"id": b.id, "label": b.label, "url": b.url, "contact": b.contact} for b in buttons),
            called=tuple(outbound.listed(button) for button in shown),
            asks_contact=any(button.contact for button in buttons),
        )


def _keep(in_: dict[Any, Any], key: Any, value: Any) -> None:
    if len(in_) >= KEPT:
        in_.clear()
    in_[key] = value
