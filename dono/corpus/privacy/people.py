"""People themselves: names and dates of birth, where words before them say so."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

from dono.corpus.privacy.cues import cue_words
from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.reading import Reading, by_block

NAME_CUES = tuple(
    unicodedata.normalize("NFC", cue.strip())
    for cue in """
    my name is|my name's|mera naam|mera nam|mera name|naam mera|majha naav|maza nav|amar naam|en peyar|ennoda peyar|naa peru|na peru|
    nanna hesaru|ente peru|maru naam|maro naam|mara naam|mo naa|मेरा नाम|मेरा पूरा नाम|हमार नाम|हमर नाम|मेरो नाम|माझे नाव|माझं नाव|माझे पूर्ण नाव|म्हजें नांव|
    आमार नाम|मम नाम|আমার নাম|আমার পুরো নাম|মোৰ নাম|ਮੇਰਾ ਨਾਮ|ਮੇਰਾ ਨਾਂ|ਮੇਰਾ ਨਾਂਅ|મારું નામ|મારુ નામ|ମୋ ନାମ|ମୋର ନାମ|ମୋ ନାଁ|என் பெயர்|எனது பெயர்|
    என்னுடைய பெயர்|నా పేరు|నాపేరు|ನನ್ನ ಹೆಸರು|ನನ್ನ ಹೆಸ್ರು|എന്റെ പേര്|എന്റെ പേരു്|എൻ്റെ പേര്|میرا نام|میرا پورا نام|ᱤᱧᱟᱜ ᱧᱩᱛᱩᱢ|
    customer name|full name|account holder|ग्राहक का नाम|पूरा नाम|खाताधारक का नाम|ग्राहकाचे नाव|গ্রাহকের নাম|ਗਾਹਕ ਦਾ ਨਾਮ|ગ્રાહકનું નામ|ଗ୍ରାହକଙ୍କ ନାମ|
    வாடிக்கையாளர் பெயர்|కస్టమర్ పేరు|ಗ್ರಾಹಕರ ಹೆಸರು|ഉപഭോക്താവിന്റെ പേര്|صارف کا نام
    """.replace("\n", "").split("|")
)
"""Phrases before a name."""
FIELDS = ("name", "naam", "नाम", "नाव", "নাম", "ਨਾਮ", "નામ", "ନାମ", "பெயர்", "పేరు", "ಹೆಸರು", "പേര്", "نام", "ᱧᱩᱛᱩᱢ")
"""Words before a colon and a name."""
HONORIFICS = ("mr", "mrs", "ms", "miss", "dr", "shri", "shree", "sri", "smt", "kumari", "prof", "adv")
TITLES = tuple(
    unicodedata.normalize("NFC", title)
    for title in """
    श्री श्रीमती श्रीमान सुश्री कुमारी डॉ डॉक्टर শ্রী শ্রীমতী জনাব ডাঃ ডা শ্ৰী শ্ৰীমতী ਸ਼੍ਰੀ ਸ੍ਰੀ ਸ਼੍ਰੀਮਤੀ ਡਾ શ્રી શ્રીમતી ડૉ ડો ଶ୍ରୀ ଶ୍ରୀମତୀ ଶ୍ରୀଯୁକ୍ତ ଡଃ திரு திருமதி செல்வி
    டாக்டர் శ్రీ శ్రీమతి డాక్టర్ డా ಶ್ರೀ ಶ್ರೀಮತಿ ಡಾ ശ്രീ ശ്രീമതി ഡോ جناب محترمہ محترم ڈاکٹر
    """.split()
)
STOP = frozenset(
    unicodedata.normalize("NFC", word)
    for word in """
    is and from i my the a an not to in of for with at on was am who what hai hain h hoon hu hun aur ka ki ke se main mai mein me ye yeh
    kya nahi ji mera meri mere he ahe aani ani but here also calling speaking please pls plz no number mobile phone email
    है हैं हूँ हूं हे और का की के से में को ने पर यह ये मैं मेरा मेरी मेरे क्या नहीं था थी भी व एवं तथा जी हो आहे आणि आहेत माझा माझी माझे मी व काय नाही चा ची चे ला
    এবং আর ও আমি আমার কি নয় না হল হলো হয় থেকে আছে একজন অৰু আৰু মই মোৰ ਹੈ ਹਨ ਹਾਂ ਅਤੇ ਤੇ ਦਾ ਦੀ ਦੇ ਤੋਂ ਨੂੰ ਨੇ ਮੈਂ ਮੇਰਾ ਮੇਰੀ ਕੀ ਨਹੀਂ છે અને નો ની નું ના થી ને માં હું મારો મારી
    મારું શું નથી ଅଟେ ହେଉଛି ଏବଂ ଓ ମୁଁ ମୋ ମୋର କଣ ନୁହେଁ କୁ ର என்பது மற்றும் நான் என் எனது ஆகும் என்ன இல்லை అని మరియు నేను నా ఏమిటి కాదు ಎಂದು ಮತ್ತು ನಾನು ನನ್ನ ಏನು ಅಲ್ಲ എന്നാണ് ആണ്
    ഒപ്പം ഞാൻ എന്റെ എന്ത് അല്ല എന്ന് ہے ہیں ہوں اور کا کی کے سے میں کو نے پر یہ میرا میری کیا نہیں ᱠᱟᱱᱟ ᱫᱚ ᱟᱨ ᱤᱧ
    """.split()
)
"""Words that end a name."""
NOT_NAMES = frozenset(
    """लंका राम कृष्ण गणेश हरि साहिब साहेब কৃষ্ণ রাম লঙ্কা శ్రీ లంక కృష్ణ రామ ಲಂಕಾ ಕೃಷ್ಣ ರಾಮ ലങ്ക കൃഷ്ണ ஸ்ரீ லங்கா ଲଙ୍କା କୃଷ୍ଣ ராமா lanka krishna rama ram sir madam ji
    chairman president minister speaker sahib""".split()  # noqa: SIM905
)
"""Words behind a title that are no person's, or a god's."""

WORD = regex.compile(r"[\p{L}\p{M}\u200c\u200d'’]+\.?")
FILLER = regex.compile(
    r"[ :=\-,\"'“”‘]*(?:(?:is|hai|ise|है|ہے|ਹੈ|છે|আছে|ହେଉଛି|ᱫᱚ)[ ]+(?=[\p{L}]))?[ \"'“‘]*", regex.IGNORECASE
)
MOST_WORDS, WITHOUT_END = 3, 2
"""A name has at most three words; where nothing ends it sooner two are taken (assumed)."""


def name(reading: Reading) -> Iterator[Finding]:
    """One to three words behind a phrase like "my name is", a field "Name:", or a title."""
    lowered = reading.lowered
    for block in reading.blocks & CUES_BY_BLOCK.keys():
        for cue in CUES_BY_BLOCK[block]:
            at = lowered.find(cue)
            while at >= 0:
                end = at + len(cue)
                if not _letter(lowered[at - 1 : at]) and not _letter(lowered[end : end + 1]):
                    yield from _after(reading, end, capital=False)
                at = lowered.find(cue, end)
    if reading.mentions(FIELDS_BY_BLOCK):
        for match in FIELD.finditer(lowered):
            yield from _after(reading, match.end(), capital=True)
    if reading.mentions(TITLES_BY_BLOCK):
        for match in TITLE.finditer(lowered):
            title, behind = reading.folded[match.start() : match.end()].rstrip(" ."), reading.folded[match.end()]
            if title.isascii() and len(title) > 1 and title.isupper() and not behind.isupper():
                continue  # MS before a word of another script are initials
            yield from _after(reading, match.end(), capital=True)


def _letter(character: str) -> bool:
    return bool(character) and (character.isalpha() or unicodedata.category(character).startswith("M"))


def _after(reading: Reading, place: int, *, capital: bool) -> Iterator[Finding]:
    """The name that begins behind a place. `capital`: Latin words must have one, for the cue is weak."""
    folded = reading.folded
    at = FILLER.match(folded, place).end()  # type: ignore[union-attr]
    words: list[tuple[int, int]] = []
    ended = False
    while len(words) <= MOST_WORDS and (match := WORD.match(folded, at)):
        word = match[0].rstrip(".'’")
        latin = word.isascii()
        first_capital = not words or folded[words[0][0]].isupper()
        if word.lower() in STOP or (latin and first_capital and words and not word[0].isupper()):
            ended = True
            break
        if not words and (word.lower() in NOT_NAMES or (latin and capital and not word[0].isupper())):
            return
        words.append((match.start(), match.start() + len(word)))
        at = match.end()
        if match[0].endswith(".") and len(word) > 2:
            ended = True
            break
        if folded[at : at + 1] != " ":
            ended = True
            break
        at += 1
    if words:
        kept = words[: MOST_WORDS if ended and len(words) <= MOST_WORDS else WITHOUT_END]
        if kept[-1][1] - kept[0][0] >= 2 and not NO_PERSON.search(folded, kept[0][0], kept[-1][1]):
            yield Finding(kept[0][0], kept[-1][1], "name", 0)


FIELD = regex.compile(
    rf"(?:^|[\n.,;|(•*\-–:][ ]*)(?:(?:{'|'.join(FIELDS)})[ ]?[:：]|name is|naam hai)[ ]*(?=\p{{L}})", regex.MULTILINE
)
"""A field's name begins a line or a clause: "common name:" and "file name:" name no person."""
LATIN_TITLE = rf"(?:{'|'.join(HONORIFICS)})(?:\.[ ]?|[ ])"
OTHER_TITLE = rf"(?:{'|'.join(sorted(TITLES, key=len, reverse=True))})(?:[.:][ ]?|[ ])"
TITLE = regex.compile(rf"(?<![\p{{L}}\p{{M}}])(?:{LATIN_TITLE}|{OTHER_TITLE})(?=\p{{L}})")
NO_PERSON = regex.compile(
    r"temple|mandir|college|school|hospital|मंदिर|मन्दिर|विद्यालय|कॉलेज|स्कूल|मंदीर|মন্দির|বিদ্যালয়|ਮੰਦਰ|ਸਕੂਲ|મંદિર|વિદ્યાલય|ମନ୍ଦିର|"
    r"ବିଦ୍ୟାଳୟ|கோயில்|கோவில்|கல்லூரி|ఆలయ|దేవాలయ|కళాశాల|ದೇವಸ್ಥಾನ|ದೇವಾಲಯ|ವಿದ್ಯಾಲಯ|ക്ഷേത്ര|ഭഗവതി|മഹാവിഷ്ണു|വിദ്യാലയ|സ്കൂൾ|കോളേജ്|مندر|کالج|اسکول",
    regex.IGNORECASE,
)
"""Words of temples and schools, which bear titles too."""
CUES_BY_BLOCK, FIELDS_BY_BLOCK = by_block(NAME_CUES), by_block(FIELDS)
TITLES_BY_BLOCK = by_block([*(f"{title}{end}" for title in HONORIFICS for end in ". "), *TITLES])
BIRTH_WORDS = by_block(cue_words("birth_date"))

NUMERIC = r"(?:[0-3]?[0-9][ ]?[\-/.][ ]?[0-1]?[0-9][ ]?[\-/.][ ]?(?:(?:19|20)[0-9]{2}|[0-9]{2})|(?:19|20)[0-9]{2}[\-/.][0-1]?[0-9][\-/.][0-3]?[0-9])"
SPACED = r"[0-3]?[0-9][ ][0-1]?[0-9][ ](?:19|20)[0-9]{2}"
WRITTEN = r"[0-3]?[0-9](?:st|nd|rd|th)?[ ,.\-]{0,2}[\p{L}\p{M}\u200c\u200d]{3,14}[ ,.\-]{0,2}(?:19|20)[0-9]{2}"
MONTH_FIRST = r"[\p{L}\p{M}]{3,14}[ ][0-3]?[0-9](?:st|nd|rd|th)?[, ]{1,2}(?:19|20)[0-9]{2}"
DATE = regex.compile(rf"(?<![0-9A-Za-z])(?:{NUMERIC}|{SPACED}|{WRITTEN}|{MONTH_FIRST})(?![0-9])", regex.IGNORECASE)
BIRTH_REACH = 32
OTHER_DAY = regex.compile(
    r"deliver|order|invoice|issue|expir|valid|joining|due|wedding|anniversary|died|death|डिलीवरी|डिलिवरी|ऑर्डर|जारी|वैध|मृत्यु|विवाह|ডেলিভারি|মৃত্যু|இறப்பு"
)


def birth_date(reading: Reading) -> Iterator[Finding]:
    """A date that a cue calls one of birth."""
    for match in DATE.finditer(reading.folded) if reading.hot and reading.mentions(BIRTH_WORDS) else ():
        cue = reading.cue("birth_date", *match.span(), reach=BIRTH_REACH)
        between = reading.lowered[max(0, match.start() - (cue or 0)) : match.start()] if cue is not None else ""
        if cue is not None and cue <= BIRTH_REACH and not OTHER_DAY.search(between):
            yield Finding(*match.span(), "birth_date", cue, checked=True)
