"""Phone numbers and e-mail addresses as the desk types them, in the form in which they are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from gateway.api.errors import ApiError


def phones(values: Sequence[str]) -> tuple[str, ...]:
    """E.164, each once. Raises ApiError naming the ones that are none."""
    return _each("phones", values, _phone)


def emails(values: Sequence[str]) -> tuple[str, ...]:
    return _each("emails", values, _email)


def _each(field: str, values: Sequence[str], read: Callable[[str], str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    wrong: dict[str, str] = {}
    for at, value in enumerate(values):
        try:
            found[read(value)] = None
        except ValueError as err:
            wrong[f"{field}.{at}"] = str(err)
    if wrong:
        raise ApiError("invalid", "some fields are not right", fields=wrong)
    return tuple(found)


def _phone(value: str) -> str:
    try:
        number = phonenumbers.parse(value, "VN")
    except phonenumbers.NumberParseException:
        raise ValueError("not a telephone number") from None
    if not phonenumbers.is_valid_number(number):
        raise ValueError("there is no such telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(value: str) -> str:
    try:
        return validate_email(value.strip().lower(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError("not an e-mail address") from None
