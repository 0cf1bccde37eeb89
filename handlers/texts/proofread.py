"""What is wrong with the texts: differences between the languages, lengths, variables that nobody fills."""

from __future__ import annotations

import unicodedata
from typing import Final

from handlers.texts.catalogue import LANGUAGES, Texts
from handlers.texts.template import Template

BUTTON_MAX: Final = 20  # Messenger's quick replies; the shortest of all platforms
MESSAGE_MAX: Final = 640  # Messenger's generic text beside buttons, before variables are filled
ONLY_VIETNAMESE: Final = frozenset({"xung_ho"})  # English addresses everybody as "you"
_NAMES: Final = """
    bien_nhap bien_phap cac_dang_ho_tro cach_xac_minh cong_ty_bao_hiem danh_sach_thong_tin den_ngay dia_chi dia_chi_hang
    email_bao_ve_du_lieu email_goi_y email_nhap gio_hen gio_hen_lai gio_lam_viec gio_lam_viec_hang gioi_han han_bo_sung
    han_can_nhac han_giu han_link han_xu_ly hotline hotline_hang kenh ket_qua khuyen_nghi link_bieu_mau link_chinh_sach
    link_san_pham link_tai_len link_tai_lieu link_tai_ve link_tra_cuu loai_du_lieu loai_xe loai_yeu_cau ly_do ma_dai_ly
    ma_don ma_dong_y ma_ho_so ma_van_don ma_yeu_cau muc_can_doc muc_con_thieu muc_dich ngay_du_kien ngay_hen ngay_hieu_luc
    ngay_nhan ngay_nhap ngay_san_sang nguoi_duoc_bao_hiem noi_dung_chuyen_khoan phan_con_giu phan_da_lam phi_chua_vat
    phi_chua_vat_2 phi_co_vat phi_co_vat_2 phi_uoc_tinh phien_ban san_pham so_1 so_2 so_cap_cuu so_cho so_cong_an so_cu so_cuu_hoa so_dien_thoai so_hop_dong
    so_nhap so_phut so_tep tan_suat ten ten_goi ten_ngay_le ten_phap_ly ten_phu_trach ten_tep ten_tu_van thoi_diem tinh_thanh tom_tat_ke_khai
    tom_tat_thay_doi trang_thai tu_ngay vat vi_tri viec_tiep_theo xung_ho
"""
# Every variable that the core may fill. A text with another one could never be sent.
VARIABLES: Final = frozenset(_NAMES.split())


def check(texts: Texts) -> list[str]:
    """One line a mistake; empty when all is well."""
    wrong = [line for lang in LANGUAGES for key in texts.templates[lang] for line in _alone(texts, key, lang)]
    ours, theirs = texts.templates["vi"], texts.templates["en"]
    wrong += [f"en: {key} is missing" for key in ours.keys() - theirs.keys()]
    wrong += [f"vi: {key} is missing" for key in theirs.keys() - ours.keys()]
    for key in ours.keys() & theirs.keys():
        differ = (ours[key].variables ^ theirs[key].variables) - ONLY_VIETNAMESE
        if differ:
            wrong.append(f"{key}: {', '.join(sorted(differ))} in one language only")
    return sorted(wrong)


def _alone(texts: Texts, key: str, lang: str) -> list[str]:
    text = texts.template(key, lang)
    limit = BUTTON_MAX if key.startswith("buttons.") else MESSAGE_MAX
    wrong = []
    length = len(unicodedata.normalize("NFC", text.source))
    if length > limit:
        wrong.append(f"{lang}: {key} has {length} characters, at most {limit}")
    if unknown := text.variables - VARIABLES:
        wrong.append(f"{lang}: {key} uses {', '.join(sorted(unknown))}, which nobody fills")
    if lang != "vi" and (foreign := text.variables & ONLY_VIETNAMESE):
        wrong.append(f"{lang}: {key} uses {', '.join(sorted(foreign))}")
    return wrong + _untidy(text, lang)


def _untidy(text: Template, lang: str) -> list[str]:
    wrong = []
    if text.source != unicodedata.normalize("NFC", text.source):
        wrong.append(f"{lang}: {text.key} is not NFC")
    if text.source != text.source.strip() or "  " in text.source:
        wrong.append(f"{lang}: {text.key} has stray spaces")
    return wrong
