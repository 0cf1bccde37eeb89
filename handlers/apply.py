"""What was decided: the state is taken over, and each effect becomes rows, in its order."""

from __future__ import annotations

import orjson

from handlers import effects, outgoing
from handlers.drafting import LaneDraft
from handlers.model import Decision, Say, Tell, Unwake, WakeAt
from storage.ids import new_id
from storage.times import ms


def take_over(draft: LaneDraft, decision: Decision) -> None:
    """From here on the decision's state is the draft's own."""
    draft.state = decision.state
    said: list[Say] = []
    alarms: dict[str, WakeAt | Unwake] = {}
    for effect in decision.effects:
        if isinstance(effect, Say):
            if said and (said[-1].klass, said[-1].purpose) != (effect.klass, effect.purpose):
                outgoing.say(draft, said)
                said = []
            said.append(effect)
        elif isinstance(effect, Tell):
            if said:
                outgoing.say(draft, said)
                said = []
            outgoing.tell(draft, effect)
        elif isinstance(effect, (WakeAt, Unwake)):
            alarms.pop(effect.name, None)
            alarms[effect.name] = effect
        else:
            effects.add(effect, draft)
    if said:
        outgoing.say(draft, said)
    if alarms:
        _alarms(draft, alarms)
    effects.contact_changes(draft)


def _alarms(draft: LaneDraft, alarms: dict[str, WakeAt | Unwake]) -> None:
    """Of each name the last word counts. Tasks of the care plan have their own clock."""
    armed = dict(draft.state.armed)
    for name, alarm in alarms.items():
        armed.pop(name, None)
        row = {"conversation_id": draft.conversation_id, "name": name}
        if isinstance(alarm, WakeAt):
            armed[name] = alarm.at.isoformat()
        if name.startswith(effects.CARE):
            if isinstance(alarm, WakeAt):
                draft.rows.later.append(effects.put_off(name, alarm.at))
        elif isinstance(alarm, WakeAt):
            data = orjson.dumps(dict(alarm.data)).decode() if alarm.data else "{}"
            row |= {"id": new_id(), "point_id": draft.lane.point_id, "data": data}
            draft.rows.timers.append({**row, "due_at": ms(alarm.at)})
        else:
            draft.rows.disarmed.append(row)
    draft.set(armed=armed)
