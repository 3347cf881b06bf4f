"""A verdict as a shop in India might get it: five use cases, eight languages, and everything that can go wrong."""

from __future__ import annotations

import math

from dono.decisions import (
    METRICS,
    ArmVerdict,
    Assumption,
    CostPart,
    Crossover,
    CurvePoint,
    Elimination,
    Flip,
    Label,
    LanguageChoice,
    LanguageScore,
    NextPilot,
    Number,
    PilotPoint,
    PortfolioItem,
    Sample,
    UseCaseVerdict,
    Verdict,
    outset,
)
from dono.decisions.routes import ROUTES

TITLES = {arm.name: arm.title for of in ROUTES.values() for arm in of}
HOSTILE = "<script>alert('नमस्ते')</script>"
SPOKEN = {
    "hi": ("मेरा ऑर्डर कब आएगा? क्षमा करें, ज्ञान नहीं है।", "आपका ऑर्डर शुक्रवार तक पहुँच जाएगा। क्‍षण भर रुकिए।"),
    "bn": ("আমার অর্ডার কখন আসবে? ক্ষমা করবেন।", "আপনার অর্ডার শুক্রবারের মধ্যে পৌঁছে যাবে।"),
    "ta": ("ஸ்ரீ ராம் கடையில் என் ஆர்டர் எப்போது வரும்?", "உங்கள் ஆர்டர் வெள்ளிக்கிழமைக்குள் வந்துவிடும்."),
    "te": ("లక్ష్మి గారి ఆర్డర్ ఎప్పుడు వస్తుంది?", "మీ ఆర్డర్ శుక్రవారం లోపు వస్తుంది."),
    "ml": ("എന്റെ ഓർഡർ എപ്പോൾ വരും?", "നിങ്ങളുടെ ഓർഡർ വെള്ളിയാഴ്ചയ്ക്കകം എത്തും."),
    "ur": ("میرا آرڈر کب آئے گا؟", "آپ کا آرڈر جمعہ تک پہنچ جائے گا۔"),
    "hi-Latn": ("mera order kab aayega bhai?", "aapka order Friday tak pahunch jayega."),
    "en": ("When will my order arrive?", "Your order will be with you by Friday."),
}
OTHER_SCRIPTS = {
    "gu": "તમારો ઓર્ડર ક્ષણમાં પહોંચશે", "kn": "ನಿಮ್ಮ ಆರ್ಡರ್ ಕ್ಷಣದಲ್ಲಿ ಬರುತ್ತದೆ", "or": "ଆପଣଙ୍କ ଅର୍ଡର କ୍ଷଣକରେ ପହଞ୍ଚିବ",
    "pa": "ਤੁਹਾਡਾ ਆਰਡਰ ਸ਼ੁੱਕਰਵਾਰ ਤੱਕ ਪਹੁੰਚੇਗਾ",
}  # fmt: skip
SCALES = (0.01, 0.03, 0.1, 0.3)


def inr(value: float, spread: float = 0.0, label: Label = "extrapolated", source: str = "this machine") -> Number:
    lo, hi = (value * (1 - spread), value * (1 + spread)) if spread else (None, None)
    return Number(value=value, lo=lo, hi=hi, unit="INR", label=label, source=source)


def bill(machines: float) -> tuple[CostPart, ...]:
    """What it costs once, each part with cents that do not add up when each is rounded alone."""
    return (
        CostPart(name="machines", amount=inr(machines, 0.2)),
        CostPart(name="failed runs", amount=inr(machines / 10 + 0.4, 0.9, "assumed", "runs that fail")),
        CostPart(name="storage", amount=inr(1_204.4, 0.5, "borrowed", "object storage, list prices")),
        CostPart(name="engineers", amount=inr(2_11_000.4, 0.5, "borrowed", "an hour in India: ₹7 to 39 lakh a year")),
        CostPart(name="raters", amount=inr(2_400.4, 0.6, "assumed", "200 answers read by two people each")),
    )


def arm(
    name: str,
    metric: str,
    full: float,
    at_small: float,
    p_best: float,
    regret: float,
    *,
    cost: float,
    hours: float,
    width: float = 0.02,
    languages: dict[str, float] | None = None,
    samples: tuple[Sample, ...] = (),
    bar: bool = True,
    serving: float | None = 61_234.0,
    tokens: float = 3.1e6,
    learns: bool = True,
) -> ArmVerdict:
    """An arm whose quality goes from `at_small` (1 %) to `full` (100 %) along a line in the logarithm of scale."""
    unit = METRICS[metric].unit
    step = (full - at_small) / 2
    scales = SCALES if learns else (0.3,)
    wide = [(s, full + step * math.log10(s), width * (1.2 - 0.5 * math.log10(s) ** 2 / 4)) for s in (*SCALES, 1.0)]
    return ArmVerdict(
        arm=name,
        route=name.split("/", maxsplit=1)[0],
        title=TITLES.get(name.split("@", maxsplit=1)[0], name),
        quality=Number(value=full, lo=full - width, hi=full + width, unit=unit,
                       label="extrapolated" if learns else "measured", source="curve of 4 pilots"),
        p_best=p_best,
        expected_regret=regret,
        reaches_bar=0.83 if bar else None,
        cost_to_bar=inr(cost * 0.6, 0.3) if bar and learns else None,
        full_cost=inr(cost, 0.2),
        full_hours=Number(value=hours, lo=hours * 0.8, hi=hours * 1.25, unit="hours", label="extrapolated"),
        pilot_cost=inr(cost * 0.041, label="measured"),
        serving_per_month=None if serving is None else Number(
            value=serving, lo=serving / 2, hi=serving * 1.7, unit="INR a month", label="borrowed",
            source="table of GPUs",
        ),
        pilots=[
            PilotPoint(scale=s, tokens=tokens * s, examples=int(8000 * s), seed=17 + i,
                       value=mean + 0.2 * width * (-1) ** i,
                       stderr=width / 2.5, n=400, seconds=95.0 * s * 40)
            for i, (s, mean, _) in enumerate((s, full + step * math.log10(s) if learns else full, 0) for s in scales)
        ],
        curve=[CurvePoint(scale=s, mean=m, lo=m - w, hi=m + w) for s, m, w in wide] if learns else [],
        laws={"power_floor": 0.58, "rectified": 0.31, "log_linear": 0.11} if learns else {},
        backtest_error=0.037 if learns else None,
        languages=[
            LanguageScore(language=tag, value=v, stderr=width / 1.1, n=50, scale=scales[-1])
            for tag, v in (languages or {}).items()
        ],
        samples=samples,
        notes=["corpus stage: 3,100,000 tokens, 2.4 times through the corpus"] if learns else [],
    )  # fmt: skip


def failed(name: str, why: str) -> ArmVerdict:
    nothing = Number(value=0.0, unit="INR", label="assumed")
    return ArmVerdict(
        arm=name, route=name.split("/", maxsplit=1)[0], title=TITLES.get(name, name), quality=nothing, p_best=0.0,
        expected_regret=0.0, reaches_bar=None, cost_to_bar=None, full_cost=nothing, full_hours=nothing,
        pilot_cost=nothing, serving_per_month=None, pilots=(), curve=(), laws={}, backtest_error=None, languages=(),
        samples=(), notes=(), failed=why,
    )  # fmt: skip


def per_language(start: float, step: float) -> dict[str, float]:
    return {tag: start - step * i for i, tag in enumerate(SPOKEN)}


def replies(quality: int) -> tuple[Sample, ...]:
    """Answers that are better with higher `quality`: cut short, or whole."""
    cut = {tag: (prompt, answer, answer[: len(answer) * quality // 4]) for tag, (prompt, answer) in SPOKEN.items()}
    honest = [Sample(prompt=p, answer=c, expected=a, language=tag) for tag, (p, a, c) in cut.items()]
    hostile = Sample(
        prompt=HOSTILE, answer="</dd>" + HOSTILE + "\x00\x1b[31m", expected="&amp; ok", language='x" onload="1'
    )
    return (*honest, hostile)


def intents(right: int) -> tuple[Sample, ...]:
    return tuple(
        Sample(prompt=prompt, answer="delivery" if i < right else "refund", expected="delivery", language=tag)
        for i, (tag, (prompt, _)) in enumerate(SPOKEN.items())
    )


def intent() -> UseCaseVerdict:
    m = "macro_f1"
    return UseCaseVerdict(
        use_case="intent", kind="classify", metric=m, higher_is_better=True, bar=0.85, winner="predictive/tfidf",
        runner_up="finetune/lora", confidence=0.88,
        sentence="Intent needs no language model: word counts reach 0.894, as good as fine-tuning, for a hundredth of "
        "the cost.",
        arms=(
            arm("finetune/lora", m, 0.899, 0.66, 0.47, 0.004, cost=9_870, hours=2.6,
                languages=per_language(0.93, 0.012), samples=intents(8)),
            arm("predictive/tfidf", m, 0.894, 0.71, 0.41, 0.006, cost=92.5, hours=0.02, width=0.012, serving=None,
                languages=per_language(0.91, 0.011), samples=intents(7)),
            arm("continue/replaced", m, 0.861, 0.55, 0.08, 0.041, cost=1_23_456, hours=28.4, width=0.04,
                languages=per_language(0.86, 0.01), samples=intents(6)),
            arm("scratch/own", m, 0.842, 0.38, 0.03, 0.058, cost=2_31_900, hours=53.0, width=0.045,
                languages=per_language(0.82, 0.004), samples=intents(5)),
            arm("prompt/few-shot", m, 0.41, 0.41, 0.004, 0.49, cost=0, hours=0, learns=False,
                languages=per_language(0.6, 0.05), samples=intents(2)),
            failed("finetune/full", "no memory left: 41.2 GB asked, 23.7 GB there. Use a smaller batch or LoRA"),
        ),
        crossovers=(
            Crossover(arm_a="predictive/tfidf", arm_b="finetune/lora", sentence="Fine-tuning overtakes word counts.",
                      scale=Number(value=0.62, lo=0.21, hi=2.4, unit="of the full run", label="extrapolated")),
        ),
        flips=("If a point of F1 is worth ₹9,000 to you, fine-tuning becomes the better choice.",
               "A bar of 0.90 would leave only fine-tuning in the race."),
    )  # fmt: skip


def reply() -> UseCaseVerdict:
    m = "chrf"
    return UseCaseVerdict(
        use_case="reply", kind="generate", metric=m, higher_is_better=True, bar=55.0, winner="scratch/own",
        runner_up="continue/replaced", confidence=0.965,
        sentence="Train your own model for replies: it is forecast at 66.1 chrF and overtakes every base at about a "
        "third of the budget.",
        arms=(
            arm("scratch/own", m, 66.1, 12.0, 0.941, 0.12, cost=2_31_900, hours=53.0, width=4.1,
                languages=per_language(58.0, 1.9), samples=replies(4)),
            arm("continue/replaced", m, 58.3, 24.5, 0.05, 7.9, cost=1_23_456, hours=28.4, width=3.6,
                languages=per_language(52.0, 1.4), samples=replies(3)),
            arm("continue/kept", m, 57.9, 27.0, 0.008, 8.3, cost=1_58_000, hours=36.4, width=3.1,
                languages=per_language(51.0, 2.4), samples=replies(3)),
            arm("finetune/lora", m, 41.0, 31.2, 0.0006, 25.2, cost=9_870, hours=2.6, width=1.4,
                languages=per_language(47.0, 3.3), samples=replies(2)),
            arm("finetune/full", m, 40.2, 30.0, 0.0004, 26.0, cost=14_220, hours=3.8, width=1.5,
                languages=per_language(46.5, 3.4), samples=replies(2)).model_copy(
                    update={"broken": ("a request takes 812 ms, more than 500 (measured)",), "parts": bill(14_220),
                            "latency": Number(value=812.0, lo=650.0, hi=970.0, unit="ms", label="measured")}),
            arm("prompt/few-shot", m, 17.4, 17.4, 0.0, 48.8, cost=0, hours=0, width=0.9, learns=False,
                languages=per_language(30.0, 3.9), samples=replies(1)),
            arm("prompt/zero-shot", m, 6.2, 6.2, 0.0, 60.0, cost=0, hours=0, width=0.5, learns=False,
                languages=per_language(14.0, 1.5), samples=replies(0)),
        ),
        crossovers=(
            Crossover(arm_a="finetune/lora", arm_b="scratch/own", sentence="From scratch overtakes LoRA.",
                      scale=Number(value=0.108, lo=0.07, hi=0.19, unit="of the full run", label="extrapolated")),
            Crossover(arm_a="continue/replaced", arm_b="scratch/own", sentence="From scratch overtakes continuing.",
                      scale=Number(value=0.33, lo=0.2, hi=None, unit="of the full run", label="extrapolated")),
        ),
        flips=("With less than ₹76,000 for the full run, keeping a base's body wins.",),
        taken="scratch/own",
        turns=(
            Crossover(arm_a="finetune/lora", arm_b="scratch/own",
                      sentence="In 14 months From scratch costs less than Fine-tune (LoRA), by the trend of prices and "
                      "methods, 80 % interval 9 to 31", scale=Number(value=14, lo=9, hi=31, unit="months",
                                                                     label="borrowed")),
        ),
        unsupported=("Where From scratch overtakes Prompt only cannot be said: it would be beyond 64 times the largest "
                     "pilot of From scratch (1 % of the full run)",),
        sensitivity=(
            Flip(assumption="traffic", now=Number(value=1e5, unit="requests a day", label="assumed"),
                 at=Number(value=2.6e5, unit="requests a day", label="assumed"), times=2.6, other="Fine-tune (LoRA)",
                 sentence="Traffic above 260 k requests a day (now 100 k requests a day) or the months of serving "
                 "above 31.2 months (now 12 months): the choice would be Fine-tune (LoRA)"),
        ),
        by_language=(
            LanguageChoice(language="ur", arm="continue/replaced", sure=0.991,
                           gain=Number(value=3.4, lo=1.9, hi=5.2, unit="chrF", label="extrapolated")),
        ),
    )  # fmt: skip


def language() -> UseCaseVerdict:
    m = "bits_per_byte"
    return UseCaseVerdict(
        use_case="language", kind="language", metric=m, higher_is_better=False, bar=None, winner=None,
        runner_up="scratch/own", confidence=0.56,
        sentence="Too close to call: from scratch and a base with your vocabulary are within 0.006 bits per byte. "
        "Either is a good choice; the cheaper one is in the plan.",
        arms=(
            arm("scratch/own", m, 0.712, 1.61, 0.53, 0.006, cost=2_10_000, hours=48.0, bar=False, width=0.031,
                languages=per_language(0.7, -0.03)),
            arm("continue/replaced@Qwen3-0.6B-Base", m, 0.718, 1.32, 0.46, 0.009, cost=1_08_000, hours=24.7, bar=False,
                width=0.028, languages=per_language(0.72, -0.027)),
            arm("continue/kept@Qwen3-0.6B-Base", m, 0.791, 1.29, 0.01, 0.083, cost=1_44_000, hours=33.0, bar=False,
                width=0.03, languages=per_language(0.8, -0.05)),
            arm("prompt/zero-shot@Qwen3-0.6B-Base", m, 1.48, 1.48, 0.0, 0.77, cost=0, hours=0, bar=False, learns=False,
                languages=per_language(1.1, -0.12)),
        ),
        crossovers=(), flips=("A second seed of the largest pilot would most likely settle it (about ₹1,900).",),
        more=(
            further("scratch/own", SCALES[-1], 1, cost=1_900, saved=0.0021, chance=0.36),
            further("continue/replaced@Qwen3-0.6B-Base", 0.6, 0, cost=5_400, saved=0.0034, chance=0.41),
            further("scratch/own", 0.6, 0, cost=10_500, saved=0.0034, chance=0.4),
        ),
        eliminated=(
            Elimination(arm="continue/kept@Qwen3-0.6B-Base", round=1, scale=0.1, p_best=0.012, regret=0.0004),
        ),
    )  # fmt: skip


def further(arm: str, scale: float, seed: int, *, cost: float, saved: float, chance: float) -> NextPilot:
    return NextPilot(
        arm=arm, scale=scale, seed=seed, cost=inr(cost), regret_avoided=saved, per_cost=saved / cost, chance=chance
    )


def churn() -> UseCaseVerdict:
    m = "auc"
    return UseCaseVerdict(
        use_case="churn", kind="predict", metric=m, higher_is_better=True, bar=0.75, winner="predictive/boosting",
        runner_up=None, confidence=1.0, sentence="Boosted trees on the columns reach an AUC of 0.812; measured whole.",
        arms=(
            arm("predictive/boosting", m, 0.812, 0.812, 1.0, 0.0, cost=0.37, hours=0.004, width=0.014, serving=None,
                learns=False),
        ),
        crossovers=(), flips=(),
    )  # fmt: skip


def nothing_measured() -> UseCaseVerdict:
    long = "a-very-long-name-of-a-use-case-that-somebody-chose-one-late-evening-in-Thiruvananthapuram"
    return UseCaseVerdict(
        use_case=long, kind="generate", metric="chrf", higher_is_better=True, bar=None, winner=None, runner_up=None,
        confidence=0.0, sentence="Nothing could be measured.",
        arms=(failed("finetune/lora", HOSTILE), failed("scratch/own", "no pilot was run before the time was spent")),
        crossovers=(), flips=(),
    )  # fmt: skip


def verdict() -> Verdict:
    """The whole fixture."""
    return Verdict(
        project="festival-desk", created="2026-11-25T08:14:00+00:00", currency="INR",
        sentence="Both: train your own model for replies, and use no language model for intent and churn. "
        "Language is too close to call.",
        use_cases=(intent(), reply(), language(), churn(), nothing_measured()),
        portfolio=(
            PortfolioItem(use_case="intent", arm="predictive/tfidf", cost=inr(92.5)),
            PortfolioItem(use_case="reply", arm="scratch/own", cost=inr(2_31_900, 0.2)),
            PortfolioItem(use_case="reply", arm="continue/replaced", cost=inr(1_23_456, 0.2), language="ur"),
            PortfolioItem(use_case="language", arm="continue/replaced@Qwen3-0.6B-Base", cost=inr(1_08_000, 0.2)),
            PortfolioItem(use_case="churn", arm="predictive/boosting", cost=inr(0.37)),
        ),
        portfolio_cost=inr(4_63_449.4, 0.2),
        shared=("One corpus stage of the model from scratch serves reply and language.",),
        budget={"money": 5_00_000.0, "hours": 96.0, "tokens": None, "pilot_share": 0.05},
        spent={"pilot_seconds": 13_320.0, "pilot_money": 14_310.0},
        machine="8 × H100-80GB",
        speed=Number(value=3.2e12, lo=2.9e12, hi=3.5e12, unit="FLOP/s", label="measured",
                     source="this machine, training"),
        assumptions=(
            Assumption(name="price of an hour", value="215.00 INR", label="assumed", source="project file"),
            Assumption(name="times through the corpus, at most", value="4", label="assumed",
                       source="repeats up to 4 are nearly as good as new text (Muennighoff et al. 2023)"),
            Assumption(name="utilisation of the machine", value="H100-80GB: 0.31 to 0.44", label="borrowed",
                       source="published tables"),
        ),
        data={
            "corpus: documents": 1_284_311, "corpus: bytes": 913_556_120,
            "corpus: languages": ", ".join(sorted(SPOKEN)),
            "in other scripts": " · ".join(OTHER_SCRIPTS.values()),
            "intent: examples": "8,000 to learn from, 400 held out",
        },
        measured=("61 pilots in 3 h 42 min of machines",),
        warnings=("no rights are stated for: chats", f"hosted: not measured; {HOSTILE}"),
        calibration=(
            {"use_case": "intent", "arm": "finetune/lora", "metric": "macro_f1", "measured": 0.887, "stderr": 0.011,
             "predicted": 0.881, "error": -0.006, "predicted_lo": 0.862, "predicted_hi": 0.9, "interval_held": "yes"},
            {"use_case": "reply", "arm": "continue/kept", "metric": "chrf", "measured": 49.3, "stderr": 0.8,
             "predicted": 54.1, "error": 4.8, "predicted_lo": 51.7, "predicted_hi": 56.2, "interval_held": "no"},
            {"use_case": "churn", "arm": "predictive/boosting", "metric": "auc", "measured": 0.807, "stderr": 0.012},
        ),
        calibrated="2 full runs are too few to change anything: it takes 4.",
        changes=("language: 2 further pilots; still too close to call, From scratch ahead; confidence 51 %, now 56 %; "
                 "expected regret of From scratch 0.009, now 0.006",),
        portfolio_parts=bill(4_63_449.4),
        outset=outset(bill(4_63_449.4), 15_000.0, "INR"),
    )  # fmt: skip


def verdict_of(use_cases: tuple[UseCaseVerdict, ...] = (), measured: tuple[str, ...] = ()) -> Verdict:
    """A verdict of so little: these use cases, and what was measured."""
    return verdict().model_copy(
        update={"use_cases": use_cases, "measured": measured, "portfolio": (), "shared": (), "assumptions": (),
                "data": {}, "warnings": (), "calibration": (), "calibrated": "", "changes": (), "budget": {},
                "spent": {}, "portfolio_parts": (), "outset": None}
    )  # fmt: skip
