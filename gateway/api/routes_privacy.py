"""A person's rights over his data, and the keys that seal them."""

from __future__ import annotations

from gateway import rotating
from gateway.api import models_privacy as models
from gateway.api.declare import Call, Routes
from storage.times import rfc3339

routes = Routes("privacy")


@routes.post("/keys/rotate", may="keys.rotate", keyed=False)
async def rotate_keys(call: Call) -> models.Rotated:
    """A new version of the master key: all other keys are wrapped anew, the old one is put away. Through the admin socket
    only; while people write; called again, it goes on where it was."""
    done = await rotating.rotate(call.store, by=call.actor.id)
    return models.Rotated(
        version=done.version,
        since=rfc3339(round(done.since_s * 1000)),
        again=done.again,
        rewrapped=dict(sorted(done.rewrapped.items())),
        left=sum(done.left.values()),
        put_away=[models.Old(version=old.version, file=str(old.path or "")) for old in done.put_away],
        waits=done.waits,
    )
