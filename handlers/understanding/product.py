"""Which product a message is about (codes of the catalogue, and `o_to_unspecified`), and what it says of the vehicle."""

from __future__ import annotations

from typing import Final

from handlers.understanding.reading import Reading

# when several are named, the one that says more; a vehicle alone comes last
ORDER: Final = ("tai_nan", "nhan_tho", "suc_khoe", "du_lich", "vat_chat_o_to", "nha_tu_nhan")
VEHICLE: Final = ("vehicle_kind", "vehicle_model", "use")
# who goes there may stay at home
AT_HOME: Final = frozenset({"Phú Quốc", "Đà Nẵng", "Đà Lạt", "Nha Trang", "Hạ Long", "Sa Pa", "Huế"})
OWN_DAMAGE: Final = "vat_chat_o_to"
HOME: Final = "nha_tu_nhan"


def find_product(reading: Reading, *, claim: bool = False, context: str = "") -> str:
    """A catalogue code, `o_to_unspecified` for a car without the kind of cover, or ''.

    claim -- damage has happened: a damaged car points to own-damage cover, a broken arm to accident cover
    context -- the open question: about the need or the product a single word answers
    """
    labels = reading.labels
    truck = "@truck" in labels and (not claim or "@mine" in labels)  # in an accident it is mostly the other one
    car, moto = truck or "@car" in labels, "@moto" in labels
    named = _named(reading, vehicle=car or moto)
    if named and not (claim and named == ["tai_nan"] and (car or moto)):
        return named[0]
    if claim and (damaged := _damaged(reading, car=car, moto=moto)):
        return damaged
    if moto and not car:
        return "tnds_xe_may"
    if car and "@tnds" in labels:
        return "tnds_o_to"
    if car:
        return "tnds_xe_may" if moto else "o_to_unspecified"
    if "@tnds" in labels:
        return "tnds_o_to" if not labels.isdisjoint(("@seats", "@dangkiem")) else ""
    if _abroad(reading):
        return "du_lich"
    if not claim and "@afraid_of_death" in labels:
        return "nhan_tho"
    if not claim and "@accident" in labels:
        return "tai_nan"
    return _meant(reading, context) if context in ("ask_product", "ask_need") else ""


def _named(reading: Reading, *, vehicle: bool) -> list[str]:
    """The covers that are named, the one that says most first."""
    if "product" not in reading.values:
        return []
    labels = reading.labels
    named = [code for code in ORDER if f"product={code}" in labels]
    if HOME in named and (len(named) > 1 or vehicle):
        named.remove(HOME)
    if "tai_nan" in named and "du_lich" in named and _abroad(reading):
        named.remove("tai_nan")
    return named


def _damaged(reading: Reading, *, car: bool, moto: bool) -> str:
    """What was hit, broken or hurt."""
    labels = reading.labels
    if "@cardamage" in labels or (car and not moto and "@hit" in labels):
        return OWN_DAMAGE
    if car or moto:
        return ""
    if _abroad(reading):
        return "du_lich"
    if "@indoors" in labels:
        return HOME
    return "tai_nan" if "@hurt" in labels else ""


def _abroad(reading: Reading) -> bool:
    place = reading.fact("destination")
    return "@abroad" in reading.labels or (place is not None and place not in AT_HOME)


def _meant(reading: Reading, context: str) -> str:
    """What a word means as an answer that is none of the catalogue's."""
    labels = reading.labels
    if "@home" in labels or (context == "ask_product" and "@fire" in labels):
        return HOME
    return ""


def find_vehicle(reading: Reading) -> dict[str, str]:
    """vehicle_kind, vehicle_model and use, where they are said."""
    values = reading.values
    if "@vinfast" in reading.labels and "@moto" in reading.labels and "vehicle_model" not in values:
        values = {"vehicle_kind": "xe_may_dien", **values}
    return {key: values[key] for key in VEHICLE if key in values} if values else {}
