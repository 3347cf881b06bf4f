"""Languages that share a script, told apart by letters and words that only one of them has. Written by us."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pycld2
import regex
from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNSURE = "und"

POSSIBLE = {
    "Devanagari": frozenset({"hi", "mr", "ne", "sa", "bho", "mai", "kok"}),
    "Bengali": frozenset({"bn", "as"}),
    "Arabic": frozenset({"ur", "sd", "ks", "ar", "fa", "ps", "ug", "ckb"}),
    "Cyrillic": frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "tg", "tt", "uz", "mn", "ba", "az", "tk"}),
    "Hebrew": frozenset({"he", "yi"}),
    "Ethiopic": frozenset({"am", "ti"}),
}
"""What the libraries may answer for a script; another answer counts as none."""

MOST_SPOKEN = {"Devanagari": "hi", "Bengali": "bn"}
"""The answer where nothing speaks for another language of the script, in India."""

NAMES = {"bh": "bho", "iw": "he", "jw": "jv", "in": "id", "no": "nb", "mo": "ro", "gom": "kok", "tl": "fil"}
"""Codes of the libraries that are not those of ISO 639 today, or that the two write differently."""

ASSAMESE, BENGALI = regex.compile("[ৰৱ]"), regex.compile("র")
KASHMIRI = regex.compile("[\u0672\u0620\u06c4]")
SINDHI = regex.compile("[ٻڀٺٽٿڃڄڇڏڌڊڍڙڦڪڱڳڻ]")
URDU = regex.compile("[ٹڈڑےںہ]")
"""Letters of the one that the others of the region lack (Unicode Standard, section 9.2, and its code charts). Urdu's
are Kashmiri's too, so Kashmiri is looked for first."""


def _marks(words: str, ends: str = "", anywhere: str = "") -> regex.Pattern[str]:
    whole = "|".join(words.split())
    parts = [rf"(?<![\p{{L}}\p{{M}}])(?:{whole})(?![\p{{L}}\p{{M}}])"]
    if ends:
        parts.append(rf"(?<=[\p{{L}}\p{{M}}]{{2}})(?:{'|'.join(ends.split())})(?![\p{{L}}\p{{M}}])")
    return regex.compile("|".join([*parts, anywhere] if anywhere else parts))


MARKS = {
    "hi": _marks("है हैं में मैं के का को से पर और नहीं था थी थे यह वह भी लिए अपने रहा रही रहे गया गई गए कर करें"),
    "mr": _marks(
        "आहे आहेत आणि नाही नाहीत होते होता होती झाला झाली झाले केला केली केले माझा माझी माझे माझ्या तुमचा तुमची तुमचे तुमच्या "
        "आमचा आमची आमच्या त्याचा त्याच्या तिच्या त्यांच्या या ही हे तो ती ते मी आम्ही तुम्ही काय कसे का किंवा पण मध्ये साठी करा असे "
        "असलेल्या येथे तसेच सर्व एका",
        "च्या ांच्या ातील मध्ये साठी ाला ांना ांनी ण्यासाठी ण्याची ण्याचे ाची ाचे ाचा णे वर ून ावर ाने तील",
        "ळ|ऱ्य",
    ),
    "ne": _marks(
        "छ छन् छु छौं छैन छैनन् थियो थिए हो होइन र पनि यो यी त्यो ती तपाईं तपाईंको हामी म मेरो हाम्रो उनी भएको भएका गरेको गर्न "
        "गर्नुहोस् गर्नु भने लागि अनि वा कि के तर नयाँ सबै अर्को",
        "हरू हरु हरूको हरूलाई लाई बाट को हरूमा नुहोस् एको दछ दैन न्छ ेछ",
    ),
    "sa": _marks(
        "च एव अपि इति अस्ति सन्ति भवति सः सा तत् ते तस्य अहं त्वं वयं किम् न यत् यदा तदा अत्र तत्र कथम् भवान् मम तव एषः एतत्",
        "ः म् स्य ेन ानि न्ति ति ेषु ाय ात् ौ ान् ानां ानाम् त्वा ेभ्यः",
    ),
    "mai": _marks("अछि छथि छलाह केँ सँ एहि ओहि कऽ आʼ छैक छलनि", "केँ सँ"),
    "kok": _marks("आसा आसात म्हणून म्हजें तुजें आमी तुमी तांचें जाल्यार पूण तशें हांव तूं कितें खंय", "ांत ांक ाचें ाची ान"),
}  # fmt: skip
"""Function words and endings. Hindi's are the default's: they speak against the others."""


BHOJPURI = _marks(
    "बा बाड़ बाड़े बाड़न बाड़ी बाटे बानी बिया हउअ हउए हवे हई नइखे नइखीं रहल भइल गइल कइल दिहल आइल होखे होखी करीं करेला जाई "
    "जात एगो दूगो हमार हमनी तोहार तोहरा रउआ रउवा रउरा आपन ओकर एकर केकर कवन कवनो जवन खातिर लोगन बाकिर अउर कइसन काहे आजु",
    "इल इलें इलस लन लसि लीं",
)
FEW_WORDS = 5
"""So few words may be Bhojpuri to pycld2 by their letters alone ("आज दीये जले"), so one of them must be (on the tuning
half it makes 13 lines of Hindi right and one of Bhojpuri wrong)."""


class Vote(NamedTuple):
    """A library's answer, and how sure it is from 0 to 1."""

    language: str
    share: float


def neighbour(script: str, text: str) -> str:
    """The language of a text among those that share a script."""
    if script == "Devanagari":
        return _devanagari(text)
    if script == "Bengali":
        if ASSAMESE.search(text):
            return "as"
        if BENGALI.search(text):
            return "bn"
    if script == "Arabic":
        if KASHMIRI.search(text):
            return "ks"
        if URDU.search(text) and not SINDHI.search(text):
            return "ur"
    first = cld2_says(text)
    if first.share == 1 and first.language in POSSIBLE[script] and first.language != "as":
        return first.language
    second = langid_says(text)
    answers = {vote.language for vote in (first, second)} & POSSIBLE[script]
    return answers.pop() if len(answers) == 1 else MOST_SPOKEN.get(script, UNSURE)


AGREED = 0.4
"""What py3langid must be sure of to be believed without a word of the language (chosen on the tuning
half of benchmarks.languages and on the Marathi and Nepali messages of Django)."""


def _devanagari(text: str) -> str:
    """Hindi unless something speaks for a neighbour: pycld2 and, Bhojpuri at length aside, a word of it; or both
    libraries.
    """
    first = cld2_says(text)
    if first.language == "hi" and first.share == 1:
        return "hi"
    if first.language == "bho" and (len(text.split()) > FEW_WORDS or BHOJPURI.search(text)):
        return "bho"
    words = {language: len(MARKS[language].findall(text)) for language in {first.language, "hi", "mai"} & set(MARKS)}
    if words["mai"] > words["hi"]:
        return "mai"
    if words.get(first.language, 0) > words["hi"] and first.language != "sa":
        return first.language
    second = langid_says(text)
    if second.language == "hi" or second.language not in MARKS:
        return "hi"
    own = len(MARKS[second.language].findall(text))
    agreed = second.language == first.language and not words["hi"]
    return second.language if second.share >= AGREED and (own > words["hi"] or agreed) else "hi"


def cld2_says(text: str) -> Vote:
    """The answer of pycld2; its share is 1 where it calls itself reliable, else 0."""
    try:
        sure, _, found = pycld2.detect(text, isPlainText=True)
    except pycld2.error:  # what it calls invalid UTF-8: characters that are not for interchange
        return Vote(UNSURE, 0.0)
    code = found[0][1].partition("-")[0]
    return Vote(UNSURE if code == "un" else NAMES.get(code, code), float(sure))


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def langid_says(text: str) -> Vote:
    """The answer of py3langid, with its probability; some 100 microseconds, so it is asked last."""
    code, share = _identifier().classify(text)
    return Vote(NAMES.get(code, code), float(share))
