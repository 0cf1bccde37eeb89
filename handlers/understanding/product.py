"""Which product a message is about (codes of the catalogue, and `o_to_unspecified`), and what it says of the vehicle."""

from __future__ import annotations

from typing import Final

from handlers.understanding.reading import Reading

# when several are named, the one that says more; a vehicle alone comes last
ORDER: Final = ("tai_nan", "nhan_tho", "suc_khoe", "du_lich", "vat_chat_o_to", "nha_tu_nhan")
VEHICLE: Final = ("vehicle_kind", "vehicle_model", "use")


def find_product(reading: Reading, *, claim: bool = False, asked: bool = False) -> str:
    """A catalogue code, `o_to_unspecified` for a car without the kind of cover, or ''.

    claim -- damage has happened: a damaged car points to own-damage cover, a broken arm to accident cover
    asked -- the open question is the product: a single word names it
    """
    labels = reading.labels
    car, moto = "@car" in labels, "@moto" in labels
    named = [code for code in ORDER if f"product={code}" in labels] if "product" in reading.values else []
    if "nha_tu_nhan" in named and (len(named) > 1 or car or moto):
        named.remove("nha_tu_nhan")
    if "tai_nan" in named and "du_lich" in named and "@abroad" in labels:
        named.remove("tai_nan")
    if named and not (claim and named == ["tai_nan"] and (car or moto)):
        return named[0]
    if claim and "@cardamage" in labels:
        return "vat_chat_o_to"
    if moto and not car:
        return "tnds_xe_may"
    if "@tnds" in labels and (car or "@truck" in labels):
        return "tnds_o_to"
    if car:
        return "tnds_xe_may" if moto else "o_to_unspecified"
    if "@tnds" in labels:
        return "tnds_o_to" if "@seats" in labels else ""
    if "@abroad" in labels and not claim:
        return "du_lich"
    if asked:
        return "tai_nan" if "@accident" in labels else "nha_tu_nhan" if "@home" in labels else ""
    return ""


def find_vehicle(reading: Reading) -> dict[str, str]:
    """vehicle_kind, vehicle_model and use, where they are said."""
    values = reading.values
    if "@vinfast" in reading.labels and "@moto" in reading.labels and "vehicle_model" not in values:
        values = {"vehicle_kind": "xe_may_dien", **values}
    return {key: values[key] for key in VEHICLE if key in values} if values else {}
