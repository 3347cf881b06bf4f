"""Sentences round identifiers, and round numbers that are none; half for development, half for the reported set.

{w} is the kind's word (with a word for number), {v} the identifier. Frames of the reported set were written before the
recognisers were first run and not looked at again.
"""

from __future__ import annotations

Pair = tuple[tuple[str, ...], tuple[str, ...]]

POSITIVE: dict[str, Pair] = {
    "en": (
        ("My {w} is {v}.", "{w}: {v}", "Please update {w} {v} in my profile", "{v} is my {w}"),
        (
            "Sir, kindly note the {w} = {v}, thanks",
            "{w} - {v}",
            "I had given {w} {v} at the counter yesterday",
            "The {w} on file ({v}) is wrong",
        ),
    ),
    "hi-Latn": (
        ("mera {w} {v} hai", "{w}: {v}", "{w} {v} update kar do"),
        ("bhai ye {w} {v} galat dikha raha hai", "{w} - {v}", "maine {w} {v} diya tha kal"),
    ),
    "hi": (
        ("मेरा {w} {v} है।", "{w}: {v}", "कृपया {w} {v} दर्ज करें", "{w}{v}है"),
        ("आपके पास जो {w} {v} लिखा है वह गलत है", "{w} - {v}", "मैंने कल {w} {v} दिया था", "नया {w}{v}हो गया"),
    ),
    "mr": (
        ("माझा {w} {v} आहे.", "{w}: {v}", "{w}{v}आहे"),
        ("कृपया {w} {v} नोंदवा", "{w} - {v}", "नवीन {w}{v}झाला"),
    ),
    "bn": (
        ("আমার {w} {v}।", "{w}: {v}", "{w}{v}হলো"),
        ("দয়া করে {w} {v} লিখে নিন", "{w} - {v}", "নতুন {w}{v}দিলাম"),
    ),
    "pa": (
        ("ਮੇਰਾ {w} {v} ਹੈ।", "{w}: {v}", "{w}{v}ਹੈ"),
        ("ਕਿਰਪਾ ਕਰਕੇ {w} {v} ਨੋਟ ਕਰੋ", "{w} - {v}", "ਨਵਾਂ {w}{v}ਦਿੱਤਾ"),
    ),
    "gu": (
        ("મારો {w} {v} છે.", "{w}: {v}", "{w}{v}છે"),
        ("કૃપા કરીને {w} {v} નોંધી લો", "{w} - {v}", "નવો {w}{v}આપ્યો"),
    ),
    "or": (
        ("ମୋର {w} {v} ଅଟେ।", "{w}: {v}", "{w}{v}ଅଟେ"),
        ("ଦୟାକରି {w} {v} ଲେଖନ୍ତୁ", "{w} - {v}", "ନୂଆ {w}{v}ଦେଲି"),
    ),
    "ta": (
        ("என் {w} {v} ஆகும்.", "{w}: {v}", "{w}{v}ஆகும்"),
        ("தயவுசெய்து {w} {v} என்று பதிவு செய்யவும்", "{w} - {v}", "புதிய {w}{v}கொடுத்தேன்"),
    ),
    "te": (
        ("నా {w} {v}.", "{w}: {v}", "{w}{v}అని"),
        ("దయచేసి {w} {v} నమోదు చేయండి", "{w} - {v}", "కొత్త {w}{v}ఇచ్చాను"),
    ),
    "kn": (
        ("ನನ್ನ {w} {v} ಆಗಿದೆ.", "{w}: {v}", "{w}{v}ಇದೆ"),
        ("ದಯವಿಟ್ಟು {w} {v} ದಾಖಲಿಸಿ", "{w} - {v}", "ಹೊಸ {w}{v}ಕೊಟ್ಟೆ"),
    ),
    "ml": (
        ("എന്റെ {w} {v} ആണ്.", "{w}: {v}", "{w}{v}ആണ്"),
        ("ദയവായി {w} {v} രേഖപ്പെടുത്തുക", "{w} - {v}", "പുതിയ {w}{v}നൽകി"),
    ),
    "ur": (
        ("میرا {w} {v} ہے۔", "{w}: {v}", "{w}{v}ہے"),
        ("براہ کرم {w} {v} درج کریں", "{w} - {v}", "نیا {w}{v}دیا"),
    ),
    "sat": (
        ("ᱤᱧᱟᱜ {w} {v} ᱠᱟᱱᱟ᱾", "{w}: {v}", "{w}{v}ᱠᱟᱱᱟ"),
        ("ᱱᱟᱶᱟ {w} {v} ᱚᱞ ᱢᱮ", "{w} - {v}", "ᱱᱚᱶᱟ {w}{v}ᱢᱮᱱᱟᱜ"),
    ),
}

NAME: dict[str, Pair] = {
    "en": (
        ("Hello, my name is {v}.", "Mr. {v} will call you"),
        ("Hi my name is {v} and I live here", "Please ask Dr. {v} about it"),
    ),
    "hi-Latn": (
        ("mera naam {v} hai", "namaste, mera naam {v} hai ji"),
        ("mera naam {v} hai aur mujhe madad chahiye", "Shri {v} ko bhejo"),
    ),
    "hi": (("मेरा नाम {v} है।", "श्री {v} को भेजें"), ("जी मेरा नाम {v} है और मुझे मदद चाहिए", "डॉ. {v} से मिलें")),
    "mr": (("माझे नाव {v} आहे.",), ("नमस्कार, माझे नाव {v} आहे आणि मला मदत हवी", "श्री {v} यांना द्या")),
    "bn": (("আমার নাম {v}।",), ("নমস্কার, আমার নাম {v}, সাহায্য চাই",)),
    "pa": (("ਮੇਰਾ ਨਾਮ {v} ਹੈ।",), ("ਸਤ ਸ੍ਰੀ ਅਕਾਲ, ਮੇਰਾ ਨਾਮ {v} ਹੈ ਜੀ",)),
    "gu": (("મારું નામ {v} છે.",), ("નમસ્તે, મારું નામ {v} છે અને મદદ જોઈએ",)),
    "or": (("ମୋ ନାମ {v}।",), ("ନମସ୍କାର, ମୋ ନାମ {v}, ସାହାଯ୍ୟ ଦରକାର",)),
    "ta": (("என் பெயர் {v}.",), ("வணக்கம், என் பெயர் {v}, உதவி வேண்டும்",)),
    "te": (("నా పేరు {v}.",), ("నమస్కారం, నా పేరు {v}, సహాయం కావాలి",)),
    "kn": (("ನನ್ನ ಹೆಸರು {v}.",), ("ನಮಸ್ಕಾರ, ನನ್ನ ಹೆಸರು {v}, ಸಹಾಯ ಬೇಕು",)),
    "ml": (("എന്റെ പേര് {v}.",), ("നമസ്കാരം, എന്റെ പേര് {v}, സഹായം വേണം",)),
    "ur": (("میرا نام {v} ہے۔",), ("السلام علیکم، میرا نام {v} ہے اور مدد چاہیے",)),
    "sat": (("ᱤᱧᱟᱜ ᱧᱩᱛᱩᱢ {v} ᱠᱟᱱᱟ᱾",), ("ᱡᱚᱦᱟᱨ, ᱤᱧᱟᱜ ᱧᱩᱛᱩᱢ ᱫᱚ {v} ᱠᱟᱱᱟ᱾",)),
}

ADDRESS_WORD: dict[str, str] = {
    "en": "Address",
    "hi-Latn": "pata",
    "hi": "पता",
    "mr": "पत्ता",
    "bn": "ঠিকানা",
    "pa": "ਪਤਾ",
    "gu": "સરનામું",
    "or": "ଠିକଣା",
    "ta": "முகவரி",
    "te": "చిరునామా",
    "kn": "ವಿಳಾಸ",
    "ml": "വിലാസം",
    "ur": "پتہ",
    "sat": "ᱴᱷᱤᱠᱟᱹᱱᱟ",
}

NEGATIVE_LISTED: dict[str, Pair] = {
    "en": (
        (
            "Invoice no. {n10} was raised",
            "Total amount ₹{amount}",
            "ISBN {isbn}",
            "ordered {qty} units",
            "in {year} the town had {pop} people",
            "product code {sku}",
            "delivered on {date}",
            "Rs. {n10} was paid",
            "version {version} is out",
            "UTR {n12} is settled",
        ),
        (
            "Bill number {n10} is pending",
            "The price came to Rs {amount}",
            "book with ISBN-13 {isbn}",
            "{qty} pieces were shipped",
            "population of {pop} in {year}",
            "model no {sku}",
            "expires on {date}",
            "a total of INR {n10}",
            "release v{version}",
            "transaction reference {n12}",
        ),
    ),
    "hi-Latn": (
        (
            "invoice number {n10} bhej do",
            "total {amount} rupaye hue",
            "{qty} pcs mangwaye",
            "{year} me kharida tha",
            "delivery {date} ko hogi",
            "ref no {n12}",
        ),
        (
            "bill no {n10} ka kya hua",
            "amount Rs {amount} kat gaya",
            "{qty} units chahiye",
            "ye {year} ka model hai",
            "{date} tak aa jayega",
            "txn {n12} fail",
        ),
    ),
    "hi": (
        (
            "चालान संख्या {n10} जारी हुआ",
            "कुल राशि ₹{amount}",
            "आईएसबीएन {isbn}",
            "{qty} नग मंगाए",
            "{year} में जनसंख्या {pop} थी",
            "उत्पाद कोड {sku}",
            "डिलीवरी {date} को होगी",
        ),
        (
            "बिल नंबर {n10} बाकी है",
            "कीमत {amount} रुपये है",
            "पुस्तक का ISBN {isbn}",
            "{qty} यूनिट बिके",
            "सन {year} तक {pop} लोग थे",
            "मॉडल {sku}",
            "{date} को जारी हुआ",
        ),
    ),
    "mr": (
        ("बीजक क्रमांक {n10}", "एकूण रक्कम ₹{amount}", "{year} मध्ये लोकसंख्या {pop} होती", "उत्पादन कोड {sku}"),
        ("पावती क्रमांक {n10}", "किंमत {amount} रुपये", "सन {year} मध्ये {pop} लोक होते", "मॉडल {sku}"),
    ),
    "bn": (
        ("চালান নম্বর {n10}", "মোট দাম ₹{amount}", "{year} সালে জনসংখ্যা ছিল {pop}", "পণ্য কোড {sku}"),
        ("বিল নম্বর {n10}", "দাম {amount} টাকা", "{year} সালে {pop} জন ছিল", "মডেল {sku}"),
    ),
    "pa": (
        ("ਚਲਾਨ ਨੰਬਰ {n10}", "ਕੁੱਲ ਰਕਮ ₹{amount}", "{year} ਵਿੱਚ {pop} ਲੋਕ ਸਨ", "ਉਤਪਾਦ ਕੋਡ {sku}"),
        ("ਬਿੱਲ ਨੰਬਰ {n10}", "ਕੀਮਤ {amount} ਰੁਪਏ", "ਸਾਲ {year} ਤੱਕ {pop} ਲੋਕ", "ਮਾਡਲ {sku}"),
    ),
    "gu": (
        ("બિલ નંબર {n10}", "કુલ રકમ ₹{amount}", "{year} માં વસ્તી {pop} હતી", "ઉત્પાદન કોડ {sku}"),
        ("રસીદ નંબર {n10}", "કિંમત {amount} રૂપિયા", "સન {year} માં {pop} લોકો", "મોડેલ {sku}"),
    ),
    "or": (
        ("ବିଲ ନମ୍ବର {n10}", "ମୋଟ ମୂଲ୍ୟ ₹{amount}", "{year} ରେ ଜନସଂଖ୍ୟା {pop} ଥିଲା", "ଉତ୍ପାଦ କୋଡ {sku}"),
        ("ରସିଦ ନମ୍ବର {n10}", "ଦାମ {amount} ଟଙ୍କା", "{year} ସୁଦ୍ଧା {pop} ଲୋକ", "ମଡେଲ {sku}"),
    ),
    "ta": (
        ("பில் எண் {n10}", "மொத்தம் ₹{amount}", "{year} இல் மக்கள் தொகை {pop}", "பொருள் குறியீடு {sku}"),
        ("ரசீது எண் {n10}", "விலை {amount} ரூபாய்", "{year} ஆம் ஆண்டில் {pop} பேர்", "மாடல் {sku}"),
    ),
    "te": (
        ("బిల్లు సంఖ్య {n10}", "మొత్తం ₹{amount}", "{year} లో జనాభా {pop}", "ఉత్పత్తి కోడ్ {sku}"),
        ("రసీదు సంఖ్య {n10}", "ధర {amount} రూపాయలు", "{year} నాటికి {pop} మంది", "మోడల్ {sku}"),
    ),
    "kn": (
        ("ಬಿಲ್ ಸಂಖ್ಯೆ {n10}", "ಒಟ್ಟು ₹{amount}", "{year} ರಲ್ಲಿ ಜನಸಂಖ್ಯೆ {pop}", "ಉತ್ಪನ್ನ ಕೋಡ್ {sku}"),
        ("ರಸೀದಿ ಸಂಖ್ಯೆ {n10}", "ಬೆಲೆ {amount} ರೂಪಾಯಿ", "{year} ರ ಹೊತ್ತಿಗೆ {pop} ಜನ", "ಮಾದರಿ {sku}"),
    ),
    "ml": (
        ("ബിൽ നമ്പർ {n10}", "ആകെ ₹{amount}", "{year} ൽ ജനസംഖ്യ {pop} ആയിരുന്നു", "ഉൽപ്പന്ന കോഡ് {sku}"),
        ("രസീത് നമ്പർ {n10}", "വില {amount} രൂപ", "{year} ആയപ്പോൾ {pop} പേർ", "മോഡൽ {sku}"),
    ),
    "ur": (
        ("بل نمبر {n10}", "کل رقم ₹{amount}", "{year} میں آبادی {pop} تھی", "پروڈکٹ کوڈ {sku}"),
        ("رسید نمبر {n10}", "قیمت {amount} روپے", "{year} تک {pop} لوگ تھے", "ماڈل {sku}"),
    ),
    "sat": (
        ("ᱵᱤᱞ ᱱᱚᱢᱵᱚᱨ {n10}", "ᱫᱟᱢ ₹{amount}", "{year} ᱥᱮᱨᱢᱟ"),
        ("ᱤᱱᱵᱷᱳᱭᱥ ᱱᱚᱢᱵᱚᱨ {n10}", "ᱫᱟᱢ {amount} ᱴᱟᱠᱟ", "{year} ᱥᱟᱞ"),
    ),
}
