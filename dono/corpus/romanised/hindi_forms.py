"""Forms of Hindi verbs and pronouns in Latin letters, as the grammar makes them and people type them. Written for Dono.

A list of words by frequency holds the commonest forms of the commonest verbs; in a sentence that is English but for its
verb ("timer set kariye for 8 pm") the one form that the list lacks decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

STEMS = """
    kar kr bol kah keh bata dekh dikh dikha sun suna soch samajh samjha puch pooch poochh likh padh parh gin chun bhej
    rakh laga lag mil mila chal chala chalu nikal nikaal khol band rok ruk hat hata mit mita jod jor bana ban badal
    baja baj bula pahunch pahuncha pohonch lauta laut khareed kharid bech khoj dhoond dhund dhoondh dhundh bhar kat
    kaat khel sikh seekh sikha jaan jan maan man pakad pakar chhod chod chhor uth utha baith bitha so sula jaag jag
    jaga ro has nach naach ga kha khila pi pila pak paka dho sambhal sambhaal sudhar sudhaar badh badha ghat ghata
    dohra dohraa bhul bhool yaadkar dilwa dila karwa karva kara banwa bhijwa mangwa manga maang mang lautwa jitwa jeet
    haar dar dara gir gira khinch kheench tod tor phek fenk chipka jala jal bujha bhaag bhag daud tair ud uda bandh
    sula ruka ghum ghoom ghuma pahan pehan pahna pehna lad mar maar bach bacha chaah chah reh rah ho ja aa la le de
    kaam dhyaan bhar utar utaar chadh chadha palat ulat khatam samet sajaa saja jama bheej suljha sulajh atak fas phas
    ghabra chilla sharma muskura thak thaka sah seh gawa gava bhoj tay
""".split()  # noqa: SIM905
"""Stems of verbs, with the spellings that people use for them."""

AFTER_CONSONANT = """
    o e en ein ain ey u un oon na ne ni nee ta te ti tee tey tin a i ee in ega egi enge engi oge ogi unga ungi oonga
    oongi iye ie iyega iega iyo ke kar do dun dena dene diya di diye dijiye dega degi denge lo lun lena liya li lijiye
    lega legi lenge raha rahi rahe rha rhi rhe
""".split()  # noqa: SIM905
AFTER_VOWEL = """
    o e ye yen en ein yein iye ie iyega iega u un oon na ne ni nee ta te ti tee tey tin ya yi i ye ega yega egi yegi
    enge yenge oge ogi unga ungi oonga oongi ke kar do dena diya di dijiye lo lena liya raha rahi rahe rha rhi rhe
""".split()  # noqa: SIM905
"""Imperative, subjunctive, infinitive, habitual, perfective, future, polite, and auxiliaries typed without a blank."""

PRONOUNS = """
    is us in un kis jis kin jin ise use inhe unhe mujh tujh hum ham tum aap ap mere tere hamare tumhare apne sab sabhi
    kisi koi khud yaha yahan waha wahan kaha kahan jaha jahan ab kab tab jab kal aaj
""".split()  # noqa: SIM905
CASES = ["ko", "se", "ka", "ki", "ke", "me", "mein", "mai", "par", "pe", "ne", "tak", "hi", "bhi", "liye", "wala"]
"""Postpositions and particles typed without a blank."""

IRREGULAR = """
    kiya kiye kiyaa kia ki kijiye kijie kijiyega keejiye keejie diya diye dijiye dijie deejiye dijiyega dia liya liye
    lijiye lijie leejiye lijiyega gaya gaye gayi gae gai gyi gye gya jaiye jaiyega jaaiye aaiye aaiyega aiye hua huye
    huyi hui hue hoiye hoiyega hain hoon hun tha thaa thee thi thay hoga hogi honge hoge hongi hoonga hungi denge lenge
    doge loge dogi logi doonga loonga doongi loongi pijiye pijie
""".split()  # noqa: SIM905

SHORTEST = 4
"""Letters of a form, at the least: shorter ones are words of other languages too often."""


def hindi_forms() -> Iterator[str]:
    """Every form that is long enough, some several times."""
    verbs = (stem + ending for stem in STEMS for ending in (AFTER_VOWEL if stem[-1] in "aeiou" else AFTER_CONSONANT))
    pronouns = (pronoun + case for pronoun in PRONOUNS for case in CASES)
    yield from (form for form in chain(verbs, pronouns, IRREGULAR) if len(form) >= SHORTEST)
