"""Frozen dataclasses that every message makes, made in a third of the time."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")


def quick(cls: type[T]) -> type[T]:
    """For frozen dataclasses (slots, keywords only) that every message makes: the constructor that `dataclass` writes
    finds its way past the lock at every field, 0.3 µs each; this one sets the slots themselves, 0.1."""
    known: dict[str, Any] = {"missing": MISSING}
    parameters, body = ["self", "*"], []
    for one in fields(cls):  # type: ignore[arg-type]
        name = one.name
        known[f"set_{name}"] = cls.__dict__[name].__set__
        if one.default_factory is not MISSING:
            known[f"make_{name}"] = one.default_factory
            parameters.append(f"{name}=missing")
            body.append(f" if {name} is missing: {name} = make_{name}()")
        elif one.default is not MISSING:
            known[f"default_{name}"] = one.default
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
        body.append(f" set_{name}(self, {name})")
    exec("\n".join([f"def made({', '.join(parameters)}):", *body]), known)  # noqa: S102 -- as dataclass does it
    cls.__init__ = wraps(cls.__init__)(known["made"])  # type: ignore[method-assign]
    return cls
