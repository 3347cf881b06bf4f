"""A survey with everything in it: all scripts, a year of months, reasons with examples, hostile text."""

from __future__ import annotations

from dono.studio.survey import Amount, CorpusSurvey, Example, LanguageLine, MixtureLine, Note, Reason, SourceLine

SCRIPTS = {
    "hi": ("Devanagari", "आपका ऑर्डर कल तक पहुँच जाएगा, कृपया प्रतीक्षा करें।"),
    "bn": ("Bengali", "আপনার অর্ডার আগামীকাল পৌঁছাবে।"),
    "pa": ("Gurmukhi", "ਤੁਹਾਡਾ ਆਰਡਰ ਕੱਲ੍ਹ ਪਹੁੰਚੇਗਾ।"),
    "gu": ("Gujarati", "તમારો ઓર્ડર કાલે પહોંચશે."),
    "or": ("Oriya", "ଆପଣଙ୍କ ଅର୍ଡର ଆସନ୍ତାକାଲି ପହଞ୍ଚିବ।"),
    "ta": ("Tamil", "உங்கள் ஆர்டர் நாளை வரும்."),
    "te": ("Telugu", "మీ ఆర్డర్ రేపు చేరుతుంది."),
    "kn": ("Kannada", "ನಿಮ್ಮ ಆರ್ಡರ್ ನಾಳೆ ತಲುಪುತ್ತದೆ."),
    "ml": ("Malayalam", "നിങ്ങളുടെ ഓർഡർ നാളെ എത്തും."),
    "ur": ("Arabic", "آپ کا آرڈر کل تک پہنچ جائے گا۔"),
    "hi-Latn": ("Latin", "aapka order kal tak pahunch jayega, please wait kijiye"),
    "en": ("Latin", "Your order will arrive tomorrow."),
}
HOSTILE = "<script>alert('नमस्ते')</script>"


def survey() -> CorpusSurvey:
    """The whole of it."""
    languages = tuple(
        LanguageLine(
            language=code,
            amount=Amount(90_000 // (place + 1), 31_000_000 // (place + 1), 9_000_000 / (place + 1)),
            scripts=((script, 0.97), ("Latin", 0.03)) if script != "Latin" else ((script, 1.0),),
            mixed=0.012 * place if place % 4 else None,
            scripts_mixed=0.031,
            words_cost=(1.31 + 0.1 * place, 2.5 + place, None if code == "ta" else 9.75),
            from_heldout=place % 3 != 2,
        )
        for place, (code, (script, _)) in enumerate(SCRIPTS.items())
    )
    total = Amount(*(sum(getattr(x.amount, f) for x in languages) for f in ("documents", "bytes", "tokens")))
    sources = (
        SourceLine("orders", Amount(81_000, 41_000_000, 1.2e7), (("duplicates", 312), ("rows not read", 3)),
                   "template", "consent", "train · N-2025-04 · until 2027-03-31"),
        SourceLine("whatsapp-chats-of-the-shop-in-Kochi", Amount(9_000, 3_100_000, 9e5),
                   (("duplicates", 0), ("dropped by cleaning", 4_120)), "text", "", ""),
    )  # fmt: skip
    examples = tuple(
        Example(text, code, f"chats.jsonl:{17 * n}") for n, (code, (_, text)) in enumerate(SCRIPTS.items())
    )
    return CorpusSurvey(
        project="festival-desk",
        created="2026-11-20T09:30:00+00:00",
        total=total,
        heldout_documents=14_003,
        read=round(total.documents * 1.2),
        tokenizers=("the corpus's own", "Qwen3-0.6B-Base", HOSTILE),
        languages=languages,
        romanised=0.034,
        regions=(("Kerala", Amount(9_120, 4_200_000, 1.1e6)), ("Uttar Pradesh", Amount(7_001, 3_100_000, 9e5))),
        sources=sources,
        months=tuple((f"{2025 + m // 12}-{m % 12 + 1:02d}", 4e5 + 1e5 * (m % 7) + 3e4 * m) for m in range(20)),
        outlook=("In the last 12 full months 840 k tokens came a month, growing by 3% of that each month.",
                 "At that rate there is enough in about 7 months."),
        left=(("duplicates", 312), ("held back for tests", 44), ("dropped by cleaning", 4_120), ("rows not read", 3)),
        dropped=(
            Reason("mostly repeated lines", "orders", 3_001, 900_000, examples[:6]),
            Reason("too few words", "whatsapp-chats-of-the-shop-in-Kochi", 1_100, 12_000, examples[6:]),
            Reason("near duplicate", "orders", 19, 4_000, (Example(HOSTILE, "und", "a.jsonl:1"),)),
            Reason("nothing but markup", "orders", 1, 30, ()),
        ),
        rejected=(Reason("broken JSON: Expecting value", "orders", 3, None, (Example('{"text": ', "und", "a:4"),)),),
        tested=(("intent", 44),),
        found=(("pii mobile", 5_210), ("pii email", 311), ("letters unified", 20_112)),
        mixture=(
            MixtureLine("orders", "hi", "Uttar Pradesh", 8.1e6, 2.4e7, 2.96),
            MixtureLine("orders", "ml", "", 4e5, 2.2e6, 5.5),
        ),
        mixture_rule="The mixture of the project file, for a run of 4 times the corpus: temperature 2 over languages.",
        warnings=("No right to use is stated for whatsapp-chats-of-the-shop-in-Kochi: add `rights`",),
        notes=(Note("read as cp1252", "orders", "2024.csv", 3), Note("empty, left out", "orders", HOSTILE, 1)),
    )  # fmt: skip
