"""What every kind of copy of a test text must meet: it is found, in every language, and unrelated text is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import regex

from dono.corpus.contamination import Probes

TESTS = {
    "en": ("The delivery was promised for 14 March, but the driver called only on the evening of the 16th and left."),
    "hi": ("मुझे कल शाम को 7 बजे मुंबई से दिल्ली जाने वाली गाड़ी का टिकट बुक करना है, कृपया किराया और समय बताइए।"),
    "bn": ("আমার অর্ডারটি 12 তারিখে আসার কথা ছিল, কিন্তু এখনও পর্যন্ত কোনো খবর পাইনি, দয়া করে টাকা ফেরত দিন।"),
    "ta": (
        "நான் 15 ஆம் தேதி வாங்கிய கைபேசி சரியாக வேலை செய்யவில்லை, தயவு செய்து அதை மாற்றிக் கொடுங்கள் அல்லது பணத்தை திருப்பித் தாருங்கள்."
    ),
    "te": ("నేను 20 తేదీన కొన్న ఫోన్ సరిగా పని చేయడం లేదు, దయచేసి దాన్ని మార్చండి లేదా నా డబ్బు వెంటనే తిరిగి ఇవ్వండి అని కోరుతున్నాను."),
    "kn": ("ನಾನು 18 ನೇ ತಾರೀಖು ಖರೀದಿಸಿದ ಫೋನ್ ಸರಿಯಾಗಿ ಕೆಲಸ ಮಾಡುತ್ತಿಲ್ಲ, ದಯವಿಟ್ಟು ಅದನ್ನು ಬದಲಾಯಿಸಿ ಅಥವಾ ನನ್ನ ಹಣವನ್ನು ಬೇಗ ಹಿಂದಿರುಗಿಸಿ ಎಂದು ಕೋರುತ್ತೇನೆ."),
    "gu": ("મારો ઓર્ડર 11 તારીખે આવવાનો હતો પણ હજુ સુધી કોઈ ખબર નથી, મહેરબાની કરીને મારા પૈસા પાછા આપો."),
    "ur": ("مجھے 9 تاریخ کو لاہور سے کراچی جانے والی گاڑی کا ٹکٹ چاہیے، براہ کرم کرایہ اور وقت بتا دیجیے۔"),
    "hi-Latn": (
        "mera parcel 22 tareekh ko aana tha lekin abhi tak nahi mila, customer care wale phone bhi nahi utha rahe hain."
    ),
    "th": ("ฉันสั่งซื้อโทรศัพท์เมื่อวันที่ 15 แต่ยังไม่ได้รับสินค้า กรุณาตรวจสอบและคืนเงินให้ฉันโดยเร็วที่สุด"),
    "ja": "先月の15日に注文した電話がまだ届いていませんので、至急確認して返金の手続きをお願いいたします。",
}
FILLER = (
    "This paragraph speaks of other things. ये पंक्तियाँ किसी और विषय के बारे में लिखी गई हैं और यहाँ केवल जगह भरती हैं। "
    "இது வேறு ஒரு விஷயத்தைப் பற்றிய பத்தி. 別の話をする段落です。 "
)


def _digits_changed(text: str) -> str:
    return regex.sub(r"\d", lambda m: str((int(m[0]) + 3) % 10), text)


def _native_digits(text: str) -> str:
    return regex.sub(r"\d", lambda m: chr(ord("०") + int(m[0])), text)


def _over_lines(text: str) -> str:
    return text.replace(" ", "\n") if " " in text else "\n".join(text[i : i + 5] for i in range(0, len(text), 5))


def _one_word_changed(text: str) -> str:
    if text.count(" ") < 5:
        return text[:20] + "変" + text[21:]
    parts = text.split(" ")
    return " ".join([*parts[:2], "xyz", *parts[3:]])


COPIES: dict[str, Callable[[str], str]] = {
    "exact": lambda text: text,
    "other case": str.upper,
    "without punctuation": lambda text: regex.sub(r"[^\p{L}\p{M}\p{N}\s]", "", text),
    "with more punctuation": lambda text: text.replace(" ", ", ") + "!!",
    "digits changed": _digits_changed,
    "digits of another script": _native_digits,
    "over lines": _over_lines,
    "in a longer document": lambda text: FILLER * 20 + text + " " + FILLER * 20,
    "as a turn": lambda text: f"User: {text}\nAssistant: I see.",
    "one word changed": _one_word_changed,
}
TRANSLITERATED = {
    "hi": (
        "mujhe kal shaam ko 7 baje mumbai se dilli jaane wali "
        "gaadi ka ticket book karna hai, kripya kiraya aur samay bataiye"
    ),
    "bn": (
        "amar orderti 12 tarikhe ashar kotha chhilo, kintu ekhono porjonto kono khobor paini, doya kore taka pherot din"
    ),
    "ta": (
        "naan 15 aam thethi vaangiya kaipesi sariyaaga velai seyyavillai, "
        "thayavu seithu athai maatrik kodungal allathu panathai thiruppi thaarungal"
    ),
    "te": (
        "nenu 20 tedeena konna phone sariga pani cheyadam ledu, dayachesi "
        "danni marchandi leda naa dabbu ventane tirigi ivvandi ani korutunnanu"
    ),
    "kn": (
        "naanu 18 ne taareekhu khareedisida phone sariyaagi kelasa maaduttilla, "
        "dayavittu adannu badalaayisi athava nanna hanavannu bega hindirugisi endu koruttene"
    ),
    "gu": (
        "maro order 11 tarikhe aavvano hato pan haju sudhi koi khabar nathi, meherbani karine mara paisa pachha aapo"
    ),
    "ur": (
        "mujhe 9 tareekh ko lahore se karachi jane wali "
        "gaadi ka ticket chahiye, barah-e-karam kiraya aur waqt bata dijiye"
    ),
    "hi-Latn": ("मेरा पार्सल 22 तारीख को आना था लेकिन अभी तक नहीं मिला, कस्टमर केयर वाले फोन भी नहीं उठा रहे हैं।"),
}
"""As people would write them, by us."""


@pytest.mark.parametrize("language", TESTS)
@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_found_as_the_one_use_case_that_it_is_of(kind: str, language: str) -> None:
    probes = Probes({code: [text] for code, text in TESTS.items()})
    assert probes.found_in(COPIES[kind](TESTS[language])) == {language}


@pytest.mark.parametrize("language", TRANSLITERATED)
def test_a_copy_in_another_script_is_found_both_ways(language: str) -> None:
    native, other = TESTS[language], TRANSLITERATED[language]
    assert Probes({"case": [native]}).found_in(f"{FILLER}\n{other}\n{FILLER}") == {"case"}
    assert Probes({"case": [other]}).found_in(f"{FILLER}\n{native}\n{FILLER}") == {"case"}


def test_what_speaks_of_the_same_in_other_words_is_not_found() -> None:
    probes = Probes({code: [text] for code, text in TESTS.items()})
    others = [
        FILLER * 10,
        "The driver called in the evening and the delivery was late, as promised by nobody at all.",
        "मुझे कल सुबह दिल्ली से मुंबई जाने वाली बस का टिकट चाहिए, समय और किराया दोनों बता दीजिए।",
        "mera order abhi tak nahi aaya, phone bhi koi nahi uthata, paise wapas kar do",
        "先月注文した本はもう届きました。返金は必要ありません。",
    ]
    assert probes.found_in_each(others) == [set()] * len(others)
