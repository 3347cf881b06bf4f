"""Which language a text is in, as far as its letters tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import regex

SAMPLED = 1000
"""Characters of a text that are looked at (assumed enough)."""

UNSURE = "und"
BLOCKS: dict[int, str] = {
    block: language
    for language, blocks in {
        "el": [0x0370], "ru": [0x0400, 0x0480], "hy": [0x0530], "he": [0x0580], "ar": [0x0600, 0x0680, 0x0750],
        "hi": [0x0900], "bn": [0x0980], "pa": [0x0A00], "gu": [0x0A80], "or": [0x0B00], "ta": [0x0B80],
        "te": [0x0C00], "kn": [0x0C80], "ml": [0x0D00], "si": [0x0D80], "th": [0x0E00], "lo": [0x0E80],
        "bo": [0x0F00, 0x0F80], "my": [0x1000], "ka": [0x1080], "km": [0x1780], "sat": [0x1C50], "mni": [0xABC0],
        "ko": [*range(0xAC00, 0xD780, 128)], "ja": [0x3040, 0x3080], "zh": [*range(0x4E00, 0xA000, 128)],
        "latin": [0x0000, 0x0080, 0x0100, 0x0180],
    }.items()
    for block in [b >> 7 for b in blocks]
}  # fmt: skip
"""The most spoken language of each block of 128 code points."""

ENGLISH = frozenset(
    """
    a about after all also an and any are as at be been but by can could did does for from had has have he her him
    his how i if in into it its just like make more my no not of on one only or other our out over people please said
    she should show so some than that the their them then there these they this time up was we were what when where
    which who will with would you your
    """.split()  # noqa: SIM905
)
ROMANISED_HINDI = frozenset(
    """
    aap aapka aapke aapki aapko aaj aaya aayega abhi accha acha achha agar agle agley aur baad bahut bajao bajaye
    bataiye batao bataye bhai bhejo bhi bolo chahie chahiye chahta chahti chalao dekho dena dijiye dikhao diya dono ek
    gaana gana gaya gayi ghar haan hafte hai hain hamara hamare hamari hoga hogi hona hoon hota hoti hua hui hume humein
    iska iske iski isko jaise jao jaldi ka kaam kab kabhi kaha kahan kaisa kaise kal kar karein kare karke karna karne
    karni karo karta karte karti kaun kaunsa ke kesi kesa ki kijiye kitna kitne kitni kiya ko koi konsa kuch kya kyon
    kyun lagao lekin lijiye liye mahine mei mein mera meri mujhe muje nahi nahin naya pehla pichla raha rahe rahi saare
    sabhi sabse sakta sakte sakti samay se shuru sirf tak tha thi tum tumhara unka unke unki uska uske uski usko waqt
    wala wale wali woh yaar yah yahan yeh zaroorat
    """.split()  # noqa: SIM905
)
"""Function words of English and frequent words of Hindi in Latin letters, chosen by us; a word of both is in none."""

LETTERS_BESIDE_LATIN = 0.25
"""A script with this share of the letters names the language of a text that is otherwise Latin: names, brands and
English terms stand in Latin letters in Indian text (assumed)."""

WORD = regex.compile(r"[\p{Latin}\p{M}']+")

STATED = ("language", "lang")
CODE = regex.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def stated_language(fields: Mapping[str, object]) -> str | None:
    """The language that a row itself states in `language` or `lang`, if that looks like a code."""
    for name in STATED:
        value = fields.get(name)
        if isinstance(value, str) and CODE.fullmatch(value.strip()):
            return value.strip()
    return None


def guess_language(text: str) -> str:
    """A language code by script, `hi-Latn` or `en` by function words, "und" when unsure.

    What it cannot tell apart: languages that share a script. Hindi, Marathi, Nepali, Sanskrit, Bhojpuri, … are all
    "hi"; Bengali stands for Bishnupriya and others (Assamese is known by ৰ and ৱ); Arabic script is "ur" by ٹ ڈ ڑ ں ے,
    "fa" by پ چ ژ گ, else "ar", so Sindhi, Kashmiri, Pashto and Uyghur are taken for one of these; Cyrillic is all "ru".
    Latin text is "und" unless it has English or romanised Hindi function words: other romanised languages of India,
    French or Swahili are not known, and a headline without such words is "und" too. State `language` where you know it.
    """
    text = text[:SAMPLED]
    found: Counter[str] = Counter()
    for letter, times in Counter(text).items():
        script = BLOCKS.get(ord(letter) >> 7, UNSURE)
        # Marks are counted with their letters, but not the punctuation that all scripts share.
        if letter.isalpha() or script not in ("latin", UNSURE):
            found[script] += times
    letters, latin = found.total(), found.pop("latin", 0)
    script, most = found.most_common(1)[0] if found else (UNSURE, 0)
    if latin and most < letters * LETTERS_BESIDE_LATIN:
        return _latin(text)
    if most * 2 < letters - latin:
        return UNSURE
    if script == "bn":
        return "as" if "ৰ" in text or "ৱ" in text else "bn"
    if script == "ar":
        return "ur" if any(c in text for c in "ٹڈڑںے") else "fa" if any(c in text for c in "پچژگ") else "ar"
    return "ja" if script == "zh" and found["ja"] else script


def _latin(text: str) -> str:
    words = WORD.findall(text.lower())
    english = sum(w in ENGLISH for w in words)
    hindi = sum(w in ROMANISED_HINDI for w in words)
    # In mixed text English words come along: one Hindi word against three English ones is still romanised Hindi.
    if hindi and hindi * 3 >= english:
        return "hi-Latn"
    return "en" if english and english * 10 >= len(words) else UNSURE
