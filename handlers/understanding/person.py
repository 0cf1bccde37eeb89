"""The name people give (data dictionary 2.1): found, tidied, never improved."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from handlers.understanding.fold import flatten

TITLES: Final = {
    "anh": "anh",
    "a": "anh",
    "chị": "chị",
    "chi": "chị",
    "c": "chị",
    "cô": "cô",
    "co": "cô",
    "chú": "chú",
    "chu": "chú",
    "bác": "bác",
    "bac": "bác",
    "em": "",
    "e": "",
    "ông": "",
    "bà": "",
    "mr": "",
    "mrs": "",
    "ms": "",
    "con": "",
    "cháu": "",
    "dì": "",
    "cậu": "",
    "mợ": "",
    "thím": "",
    "dượng": "",
    "cụ": "",
    "thầy": "",
}
STRETCHED: Final = re.compile(r"(\w)\1{2,}")  # nhaaa
NAME_WORD: Final = re.compile(r"[^\W\d_]+(?:['’ʼ\-][^\W\d_]+)*")
# the words that lead to a name, wherever they stand
LED: Final = re.compile(
    r"\b(?<!hoi )(?:ho (?:va )?ten|ten)(?: (?:cua|day du|that|khai sinh|khach hang|khach|minh|em|toi|anh|chi|tui|co|chu|bac|chau|con|mk|(?:viet )?(?:khong|ko|k|hong) dau))*"
    r"(?: la\b)?\s?[:\-=]?\s{0,2}"
    r"|\bgoi (?:minh|em|toi|anh|chi|tui|co|chu|bac|chau|mk)?\s?la\s"
    r"|\b(?:my name is|name is(?: spelled)?|name's|my name's|call me|i am|i'm|im|this is)\s"
)
# whose name follows when it is not his own: "mẹ em tên …", "con gái tên …"; but "con tên …", "bà tên …" speak of themselves
KIN: Final = re.compile(
    r"\b(?:(?:me|vo|chong|con trai|con gai|(?<!me )(?<!ba )(?<!bo )be|anh trai|chi gai|em trai|em gai|nguoi yeu|nguoi duoc bao hiem)"
    r"(?: (?:em|e|toi|minh|anh|chi|chau|mk|tui|nha \w+|cua \w+))?"
    r"|(?:ba|bo|ma|con|ong|ban) (?:em|e|toi|minh|anh|chi|mk|tui|cua \w+))\s*$"
)
ITS: Final = re.compile(
    r"\b(?:xe|nha|so|bien|bien so|zalo|mail|email|facebook|fb|que|dia chi|me|vo|chong|con|be)\s*$"
)  # "xe em là …"
LED_BY_BEING: Final = re.compile(r"\b(?:to|minh|em|toi|anh|chi|tui|co|chu|bac|chau|con|mk|mik|e|c|a)\s?(?:la|=)\s")
CALL: Final = re.compile(
    r"\b(?:cu|hay)?\s?(?:goi|keu)(?: (?:to|toi|minh|em|tui))? (?=(?:la |anh|chi|co|chu|bac|em|ong|ba|di|cau|mo)\b)"
)
CORRECTED: Final = re.compile(
    r"[,.\s](?:a\s)?(?:nham|lon|ghi nham|go nham|viet nham|a khong|sorry|xin loi|y la|y minh la|sua lai(?: la)?|dung la|phai la)\b[,:.\s]{0,3}(?:la\s)?"
)
CUT: Final = re.compile(
    r"[,;\n\t|/()\"“”]+|\s[\-–]\s|\.(?:\s|$)|\d|@|\b(?:sinh nam|sinh ngay|nam sinh|ngay sinh|sn|sdt|so dien thoai|dien thoai|dt|phone|so la|so cua|zalo"
    r"|email|gmail|mail|tuoi|bao hiem|muon|can mua|can tu van|mua|o quan|o tp|nam nay|phong (?:nhan su|ke toan|kinh doanh|hanh chinh)|dia chi|nhung|lien he|goi (?:em|minh|toi|lai)|chu (?:khong|ko|k|hong) phai|(?:ti|lat|chut|xiu) nua|moi (?:dung|phai))\b"
    r"|\bso(?=\s*(?:,|$)|\s(?:em|e|toi|tui|minh|mk|anh|chi|con|chau|co|chu|bac|ba|me|ma|bo|vo|chong)\b)"
    r"|(?<=[a-z] )(?:(?:o|ben|cua) )?(?:cty|cong ty)\b[^,;\n]*"
)
BEFORE: Final = frozenset(
    "dạ da vâng vang ạ ok oke okie ừ à ah ơ hi hello chào chao xin mình minh tôi toi em tui mk mik e là la tên ten họ gọi goi cứ cu đây day nữa "
    "được rồi roi thì thi của cua my name is im am call me hay mà ma thưa thế nhé nha nickname nick kêu giáo tớ".split()
)
AFTER: Final = frozenset(
    "ạ a á nhé nhe nha nhen nghen nghe đó đấy do day ơi oi em e bạn shop ad con cháu nè ne ha hen thôi luôn rồi roi đi với vậy z v r nhá ok "
    "please ah nhaa hihi hi haha nữa hả mà đây được là nghe cưng gái trai hí cơ chứ thật".split()
)
SURNAMES: Final = frozenset(
    "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đinh trịnh đoàn mai lâm tô tạ hà trương cao lương lưu châu "
    "thái la quách vương tăng thạch kiều đào phùng chu từ hứa triệu tôn nghiêm lục đàm mạc âu bạch tống giang cù tiêu ninh phí thân hàn diệp "
    "khổng kim sơn danh điểu hoa trang ông vi quan doãn mã nông lò vàng giàng thào sùng đèo quàng cầm chung đồng".split()
)
MIDDLES: Final = frozenset({"thị", "thi", "văn", "van"})  # what stands before them is a surname, were it "là"
SURNAME_KEYS: Final = frozenset(flatten(surname) for surname in SURNAMES)
# words that no name is made of, as typed; the plain forms only where no name looks like them
NEVER: Final = frozenset(
    "nay mất không khong ko chưa chua gì gi sao má mẹ nào nao được duoc dc muốn muon cần mua hiểm hiem xe máy nhiêu nhieu vấn hỏi hoi trả gửi gui số rồi roi "
    "cái này kia người nguoi nhà tiền giá thế đâu đang đã sẽ bị cho để làm khách khach shop bạn ai khi nếu neu vì với và nhưng thì cũng cung "
    "vẫn nên đến tới trên dưới trong ngoài của cua cảm cám biết biet nhớ quên thôi thoi đừng dừng hủy stop nhắn nhắc gọi goi một hai-ba mấy vậy "
    "quá hết lắm đi về xem bot robot chatbot giấy oto ôtô the and is not no yes what why how who want need buy insurance please hello test alo trợ "
    "giúp giup việc viec đúng sai nhầm tên lúc giờ gio ngày ngay tháng năm-nay tối trưa tuần ơi oi ok oke chốt mình tôi toi mk mik là chủ nhân-viên "
    "cty tel mobile sim talk speak person human agent advisor someone anybody rather would rứa đệm dấu vợ chồng sử dụng theo khỏi chả chẳng hông hong hok lưu lấy đưa xin tại bao-giờ hả hử ủa ừ uk vâng dạ hoặc hay phải rằng mà nhận dùng xài thử phí-bao "
    "compulsory both motorbike motorcycle bike car cars truck liability health travel trip home house accident life tomorrow today tonight morning "
    "afternoon evening price cost fee premium cheap claim policy renew renewal contract refund cancel phone number none nothing nobody later".split()
)
OBSCENE: Final = frozenset("cặc lồn buồi địt đụ đéo cứt đĩ".split())  # however it is written
INITIALS: Final = 3  # letters: "Sơn Tùng MTP"
NO_INITIALS: Final = frozenset({"hcm", "cty", "vnd", "sdt"})
NO_NAMES: Final = (
    "bao hiem",
    "tu van",
    "dong y",
    "nhan vien",
    "bao gio",
    "bao lau",
    "hai ba",
    "hom nay",
    "bay gio",
    "sang mai",
    "chieu mai",
    "ngay mai",
    "so nay",
    "so do",
    "so em",
    "so minh",
    "so toi",
    "so tui",
    "so zalo",
)
WANTING: Final = ("muon", "mua", "can", "bao hiem", "nhung", "goi", "lien he")  # what follows is a want, no name
PRESENTED: Final = re.compile(
    r"(?:da )?(?:anh|a|chi|c|co|chu|bac|em|e|di) ([a-z]{2,7})(?: [a-z]{2,7})? (?:day|ne|ne em|day em|day ban|day a)\W*\Z"
)
CITIES: Final = frozenset({"ho chi minh"})
BRANDS: Final = frozenset(
    "zalo viber viettel mobi mobifone vina vinaphone sdt so telegram facebook messenger hotline sim call phone".split()
)
VOWELS: Final = frozenset("aeiouy")
PARENTS: Final = frozenset({"mẹ", "má", "ba", "bố", "bà", "ông"})  # "Mẹ Bống": by the child's name, as people do
ALONE: Final = frozenset(
    {"em", "chị", "cô", "chú", "bác", "dạ", "vâng", "đó", "chuẩn", "chuan", "biển", "bien"}
)  # no names by themselves
LONGEST: Final = 120  # characters of a name with its lead-ins and particles
COMPANY: Final = re.compile(r"\b(?:cong ty|cty|tnhh|dntn|co phan|hop tac xa|htx|doanh nghiep|company|co\.? ?ltd)\b")


@dataclass(frozen=True, slots=True)
class Name:
    """A name as given: tone marks are never guessed. `salutation` -- the title that came with it, or ''."""

    name: str
    salutation: str = ""
    corrected: bool = False
    led: bool = False  # it was called a name: "tên là …", "chị Hạnh"


# words without which a pattern above finds nothing
LED_KEYS: Final = frozenset("name call am im m this".split())
BEING_KEYS: Final = frozenset(
    f"{self}la" for self in ["", *"minh em toi anh chi tui co chu bac chau con mk mik e c a".split()]
)
CORRECTED_KEYS: Final = frozenset("nham lon khong sorry loi y sua dung phai".split())
COMPANY_KEYS: Final = frozenset("ty cty tnhh dntn phan tac htx nghiep company ltd coltd".split())


class _Token(NamedTuple):
    text: str
    low: str
    key: str


def find_name(text: str, flat: str, said: AbstractSet[str], *, asked: bool, beside_phone: bool = False) -> Name | None:
    """The name in `text`, whose phones, e-mails and plates are commas already.

    said -- the words of `flat`; asked -- the open question is the name, so a bare name counts; beside_phone -- a phone
    stands in the same message
    """
    corrected = False
    slips = [] if CORRECTED_KEYS.isdisjoint(said) else list(CORRECTED.finditer(flat))
    if slips and slips[-1].end() < len(flat):
        cut = slips[-1].end()
        led = _led(text[cut:], flat[cut:], said) or (_bare(text[cut:], flat[cut:]) if asked else None)
        if led:
            return replace(led, corrected=True)
        corrected = True
        text, flat = text[: slips[0].start()], flat[: slips[0].start()]
    found = _led(text, flat, said) or _being(text, flat, said)
    if not found:
        found = _bare(text, flat) if asked else _beside(text, flat) if beside_phone else None
    if not found and not asked:
        found = _presented(text, flat) or _whole(text)
    return replace(found, corrected=True) if found and corrected else found


def find_company(text: str, flat: str, said: AbstractSet[str]) -> str:
    """The name of a firm, from its legal word to the next break, or ''. A firm has a name when a capital follows.

    said -- the words of `flat`
    """
    match = None if COMPANY_KEYS.isdisjoint(said) else COMPANY.search(flat)
    if not match:
        return ""
    end = CUT.search(flat, match.end())
    name = " ".join(text[match.start() : end.start() if end else len(text)].split())
    words = name.split()
    return name if len(words) <= 12 and any(word[0].isupper() for word in words[2:] or words[1:]) else ""


def _led(text: str, flat: str, said: AbstractSet[str]) -> Name | None:
    if "ten" not in flat and "goi" not in said and LED_KEYS.isdisjoint(said):
        return None
    for match in itertools.islice(LED.finditer(flat), 8):
        english = "name" in match[0] or match[0].strip() in ("i am", "i'm", "im", "this is", "call me")
        if english and not text[match.end() : match.end() + 1].isupper() and "name" not in match[0]:
            continue
        if match.start() and KIN.search(flat, max(0, match.start() - 40), match.start()):
            continue
        # "tên Minh" looks like "tên mình" without its marks
        for start in (match.end(), flat.find(" ", match.start() + 1)):
            if start > 0 and (found := _take(text[start:], flat[start:])):
                return replace(found, led=True)
    return None


def _being(text: str, flat: str, said: AbstractSet[str]) -> Name | None:
    """ "em là Phúc": without a question only what is written like a name."""
    if BEING_KEYS.isdisjoint(said) and "=" not in flat:
        return None
    for match in itertools.islice(LED_BY_BEING.finditer(flat), 8):
        if match.start() and ITS.search(flat, max(0, match.start() - 12), match.start()):
            continue
        rest = text[match.end() : match.end() + LONGEST].lstrip()
        first = NAME_WORD.match(rest)
        if first and (first[0][0].isupper() or (flatten(first[0]) in SURNAME_KEYS and len(rest.split()) >= 2)):
            found = _take(text[match.end() :], flat[match.end() :])
            if found:
                return replace(found, led=True)
    return None


def _bare(text: str, flat: str) -> Name | None:
    call = CALL.search(flat) if "goi " in flat or "keu " in flat else None
    if call and (found := _take(text[call.end() :], flat[call.end() :])):
        return found
    at = 0
    for start, end in _cuts(text, flat):
        if found := _take(text[at:start], flat[at:start]):
            return found
        if flat[start:end].startswith(WANTING):
            return None
        at = end
    return None


def _cuts(text: str, flat: str) -> Iterator[tuple[int, int]]:
    """Where the first stretches of a text end; a name stands early."""
    for match in itertools.islice(CUT.finditer(flat), 8):
        if not _is_name(match, text):
            yield match.span()
    yield len(flat), len(flat)


def _is_name(cut: re.Match[str], text: str) -> bool:
    """ "Hồng Nhung" is a name, "nhưng" a but, "Phong" one, "phòng" a department: without marks they look alike."""
    return text[cut.start() : cut.start() + 5] in ("Nhung", "Phong")


def _beside(text: str, flat: str) -> Name | None:
    """A whole stretch that is a name and nothing else, in a message with a phone number."""
    at = 0
    for cut in _cuts(text, flat):
        words = NAME_WORD.findall(text[at : cut[0]])
        while len(words) > 1 and words[-1].lower() in AFTER:
            words.pop()  # "anh Tuấn đây, số …"
        title = bool(words) and words[0].lower() in TITLES
        body = words[1:] if title else words
        alone = bool(body) and not title and body[0][0].isupper() and flatten(body[0]) not in BRANDS
        if alone and all(word.islower() and word in AFTER for word in body[1:]):
            found = _take(text[at : cut[0]], flat[at : cut[0]])
            if found:
                return found
        if body and (title or (2 <= len(body) <= 5 and flatten(body[0]) in SURNAME_KEYS)):
            tidy = all(word[0].isupper() for word in body) or (not title and flatten(body[0]) in SURNAME_KEYS)
            if tidy and (found := _take(text[at : cut[0]], flat[at : cut[0]])):
                return found
        at = cut[1]
    return None


def _presented(text: str, flat: str) -> Name | None:
    """ "a Khánh đây": who he is, and nothing else."""
    match = PRESENTED.match(flat)
    return _take(text, flat) if match and text[match.start(1)].isupper() else None


def _whole(text: str) -> Name | None:
    """A message that is a full name, written like one."""
    words = text.split()
    full = 3 <= len(words) <= 5 and all(word.isalpha() and word.istitle() for word in words)
    if not full or words[0].lower() not in SURNAMES or flatten(text.strip()) in CITIES:
        return None
    return _take(text, flatten(text))


def _take(text: str, flat: str) -> Name | None:
    """The name that `text` begins with, without lead-ins, title and particles."""
    text, flat = text[:LONGEST], flat[:LONGEST]
    cut = next((match for match in CUT.finditer(flat) if not _is_name(match, text)), None)
    text = text[: cut.start()] if cut else text
    words = NAME_WORD.findall(text if text.isascii() else unicodedata.normalize("NFC", text))
    tokens = [_Token(word, STRETCHED.sub(r"\1", word.lower()), flatten(word)) for word in words]
    while len(tokens) > 1 and (tokens[-1].low in AFTER or _vocative(tokens)):
        if tokens[-1].text in ("A", "E") and len(tokens) > 2:
            break
        tokens.pop()
    salutation = ""
    while len(tokens) > 1 and not _surname_of(tokens) and tokens[1].low not in MIDDLES:
        if tokens[0].low in TITLES:
            salutation = TITLES[tokens[0].low]
        elif tokens[0].low in BEFORE:
            salutation = ""
        else:
            break
        tokens.pop(0)
    if not _plausible(tokens):
        return None
    name = " ".join(token.text for token in tokens)
    if by_the_child := _by_the_child(tokens):
        name = name[0].upper() + name[1:]
    if name.islower() or name.isupper():
        name = name.title().replace("’", "'")
    return Name(name, salutation, led=bool(salutation) or by_the_child)


def _vocative(tokens: Sequence[_Token]) -> bool:
    """ "Lan nha anh": a small "anh" after capitals speaks to us; in "Tuấn Anh" it is the name."""
    return tokens[-1].text in ("anh", "chị", "chi") and any(not token.text.islower() for token in tokens)


def _surname_of(tokens: Sequence[_Token]) -> bool:
    """ "Họ Hồ": a lead-in word that is a surname here, because more capitals follow."""
    return tokens[0].text[0].isupper() and tokens[0].low in SURNAMES and len(tokens) > 1 and tokens[1].text[0].isupper()


def _plausible(tokens: Sequence[_Token]) -> bool:
    if not 1 <= len(tokens) <= 8 or sum(len(token.text) + 1 for token in tokens) > 81:
        return False
    if len(tokens) == 1 and (len(tokens[0].text) < 2 or tokens[0].low in ALONE):
        return False
    if any(len(token.text) > 16 or token.low in OBSCENE for token in tokens):
        return False
    own = tokens[1:] if _by_the_child(tokens) else tokens
    if not _written_in_full(tokens) and any(token.low in NEVER for token in own):
        return False
    keys = " ".join([token.key for token in tokens])
    if len(tokens) > 1 and any(phrase in keys for phrase in NO_NAMES):
        return False
    spoken = tokens[:-1] if _ends_in_initials(tokens) else tokens
    return all(len(token.key) == 1 or not token.key.isascii() or not VOWELS.isdisjoint(token.key) for token in spoken)


def _ends_in_initials(tokens: Sequence[_Token]) -> bool:
    last = tokens[-1]
    many = len(tokens) > 2 and all(token.text[0].isupper() for token in tokens) and not tokens[0].text.isupper()
    return many and last.text.isupper() and len(last.text) == INITIALS and last.key not in NO_INITIALS


def _by_the_child(tokens: Sequence[_Token]) -> bool:
    """ "Mẹ Bống", "ba Tí": what parents are called by."""
    return 2 <= len(tokens) <= 3 and tokens[0].low in PARENTS and all(token.text.istitle() for token in tokens[1:])


def _written_in_full(tokens: Sequence[_Token]) -> bool:
    """ "Đặng Văn Dừng", "Không Thị Linh": a surname, a middle name and capitals throughout; then any word may be a name."""
    middle = len(tokens) > 2 and tokens[1].low in MIDDLES
    return middle and len(tokens) <= 5 and all(token.text[0].isupper() for token in tokens)
