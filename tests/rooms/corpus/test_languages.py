from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus import guess_language, guess_languages, language_mix
from dono.corpus.languages import stated_language

KNOWN = {
    "hi": "आपका ऑर्डर कल तक पहुँच जाएगा",
    "bn": "আপনার অর্ডার কাল পৌঁছাবে",
    "as": "মোৰ অৰ্ডাৰ ক'ত আছে",
    "pa": "ਤੁਹਾਡਾ ਆਰਡਰ ਕੱਲ੍ਹ ਆਵੇਗਾ",
    "gu": "તમારો ઓર્ડર કાલે પહોંચશે",
    "or": "ଆପଣଙ୍କ ଅର୍ଡର କାଲି ପହଞ୍ଚିବ",
    "ta": "உங்கள் ஆர்டர் நாளை வரும்",
    "te": "మీ ఆర్డర్ రేపు వస్తుంది",
    "kn": "ನಿಮ್ಮ ಆರ್ಡರ್ ನಾಳೆ ಬರುತ್ತದೆ",
    "ml": "നിങ്ങളുടെ ഓർഡർ നാളെ എത്തും",
    "ur": "آپ کا آرڈر کل تک پہنچ جائے گا",
    "fa": "می‌خواهم کتاب را پس بدهم",
    "en": "The parcel is late and the customer asks where it is",
    "hi-Latn": "mera order kab tak aayega, please batao",
    "mr": "तुमची ऑर्डर उद्यापर्यंत तुमच्या घरी पोहोचेल, काळजी करू नका",
    "ne": "तपाईंको अर्डर भोलिसम्म आइपुग्नेछ, कृपया पर्खनुहोस्",
    "sa": "अहं श्वः गृहं गमिष्यामि, भवान् अपि आगच्छतु",
    "sd": "توهان جو آرڊر سڀاڻي تائين پهچي ويندو",
    "ks": "تُہُنٛد آرڈَر واتہِ پگاہ تام، مہربٲنی کٔرِتھ پرٛٲرِو",
    "si": "ඔබේ ඇණවුම හෙට ලැබෙනු ඇත",
    "sat": "ᱟᱢᱟᱜ ᱚᱨᱰᱟᱨ ᱜᱟᱯᱟ ᱥᱮᱴᱮᱨᱚᱜᱼᱟ",
    "ru": "Ваш заказ будет доставлен завтра утром",
    "ja": "ご注文は明日届きます",
    "zh": "您的订单明天送达",
    "fr": "Votre commande arrivera demain matin, merci de votre patience",
    "es": "Su pedido llegará mañana por la mañana, gracias por su paciencia",
    "id": "Pesanan Anda akan tiba besok pagi, terima kasih atas kesabaran Anda",
    "sw": "Agizo lako litafika kesho asubuhi, asante kwa uvumilivu wako",
    "bn-Latn": "apnar order ta kal sokaler moddhe pouche jabe, chinta korben na",
    "mr-Latn": "tumchi order udya paryant ghari pohochel, kalji karu naka",
    "gu-Latn": "tamaro order kale savare pahochi jashe, chinta karsho nahi",
    "pa-Latn": "tuhada order kal savere tak pahunch javega, tusi fikar na karo",
    "ta-Latn": "unga order naalaiku kaalaila vanthudum, kavalai padatheenga",
    "te-Latn": "mee order repu poddunna kalla vastundi, kangaru padakandi",
    "kn-Latn": "nimma order naale beligge talupatte, chinte maadabedi",
    "ml-Latn": "ningalude order naale ravile ethum, vishamikkanda",
}


@pytest.mark.parametrize(("language", "text"), KNOWN.items())
def test_a_text_is_known_by_its_script_or_its_words(language: str, text: str) -> None:
    assert guess_language(text) == language


def test_many_texts_get_the_answers_that_each_gets_alone() -> None:
    texts = [*KNOWN.values(), "", "1234", *KNOWN.values()]
    assert guess_languages(texts) == [guess_language(text) for text in texts]
    assert guess_languages([]) == []


def test_english_terms_in_indian_text_do_not_hide_its_language() -> None:
    assert guess_language("PBKS vs RCB, Match Highlights: పంజాబ్ కు సిరాజ్ సెగ") == "te"
    assert guess_language("Kotak mobile app login nahi ho raha hai, what should I do") == "hi-Latn"
    assert guess_language("app login aagalla, what should I do, yaake heege aagtide") == "kn-Latn"


@pytest.mark.parametrize(
    "text",
    ["alarm set kariye for 8 pm tomorrow", "New Delhi mein best concerts dikhaiye", "Please is weekend ka plan bhejiye",
     "reminder hata dijiye for the meeting", "Mumbai me traffic kaisa hai", "mere timers ek sath rakho"],
)  # fmt: skip
def test_one_or_two_hindi_words_make_an_english_sentence_hinglish(text: str) -> None:
    assert guess_language(text) == "hi-Latn"


@pytest.mark.parametrize(
    "text",
    ["Rajesh Kumar from Lucknow ordered two sarees and a kurta from Meesho on Monday",
     "Diwali sale: flat 50% off on Samsung and Redmi phones at Flipkart",
     "Priya and Lakshmi went to Thiruvananthapuram to see the Padmanabhaswamy temple",
     "I ate dosa, idli and sambar with Karthik before the Chennai match",
     "Akshay Kumar and Parineeti Chopra at the Uttar Pradesh polls", "Take the second door on the main road, ma'am"],
)  # fmt: skip
def test_names_and_brands_do_not_steal_english(text: str) -> None:
    assert guess_language(text) == "en"


@pytest.mark.parametrize("text", ["", "1234 ₹", "👩", "Cancel", "\ud83d", "ॐ 12"])
def test_what_is_unsure_is_und(text: str) -> None:
    assert guess_language(text) == "und"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("आज दीये जले", "hi"), ("आज दीये जले।", "hi"), ("हम घर चले", "hi"),
        ("रउआ कइसन बानी", "bho"), ("का हाल बा", "bho"), ("ओकर भाई आइल रहल", "bho"),
    ],
)  # fmt: skip
def test_a_few_words_are_bhojpuri_only_with_a_word_of_it(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_a_long_text_is_looked_at_in_three_places() -> None:
    assert guess_language("Page 1 of 9 " * 20 + KNOWN["kn"] * 200) == "kn"


def test_a_language_is_taken_from_a_row_only_if_it_looks_like_a_code() -> None:
    assert stated_language({"lang": "hi-Latn"}) == "hi-Latn"
    assert stated_language({"language": "Hindi (spoken)", "lang": None}) is None


@given(st.lists(st.text(), max_size=4))
def test_any_texts_get_some_answer_each(texts: list[str]) -> None:
    answers = guess_languages(texts)
    assert len(answers) == len(texts) and all(answers)


def test_mixing_is_counted_by_words() -> None:
    texts = ["mera order kab tak aayega please tell me the delivery status", "आपका login नहीं हो रहा", KNOWN["ta"]]
    mixed, some, none = language_mix(texts, ["hi-Latn", "hi", "ta"])
    assert (some.words, some.other) == (5, 1) and some.share == 0.2
    assert none.other == 0 and none.words == 4
    assert mixed.words == 11 and 5 <= mixed.other <= 8
    assert language_mix(["", "the parcel is late and she asks where it is"], ["und", "en"])[1].share == 0
