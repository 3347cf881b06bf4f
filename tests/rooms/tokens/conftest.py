"""A small tokenizer of ten Indic languages, English and romanised Hindi, trained once for the room."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerBase

from dono.tokens import load_tokenizer, train_tokenizer

SENTENCES = (
    "हिन्दी में प्रौद्योगिकी की स्थिति अच्छी है और बढ़ रही है।",
    "मराठी भाषा महाराष्ट्रात बोलली जाते आणि ती सुंदर आहे।",
    "বাংলা ভাষায় প্রযুক্তির অবস্থা ভালো এবং উন্নত হচ্ছে।",
    "தமிழ்நாட்டில் தொழில்நுட்பம் வேகமாக வளர்கிறது.",
    "తెలుగులో సాంకేతిక పరిజ్ఞానం పెరుగుతోంది.",
    "ಕನ್ನಡದಲ್ಲಿ ತಂತ್ರಜ್ಞಾನ ಬೆಳೆಯುತ್ತಿದೆ.",
    "മലയാളത്തിൽ സാങ്കേതികവിദ്യ വളരുന്നു.",
    "ગુજરાતીમાં ટેકનોલોજી વધી રહી છે.",
    "ਪੰਜਾਬੀ ਵਿੱਚ ਤਕਨਾਲੋਜੀ ਵਧ ਰਹੀ ਹੈ।",
    "ଓଡ଼ିଆ ଭାଷାରେ ପ୍ରଯୁକ୍ତି ବଢ଼ୁଛି।",
    "اردو میں ٹیکنالوجی ترقی کر رہی ہے۔",
    "mera recharge nahi hua please check karo 12345",
    "The order was delivered late, and the customer asks for a refund of ₹1,299.",
)


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer of 700 entries."""
    return train_tokenizer(iter(SENTENCES * 4), 700, tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session")
def tokenizer(directory: Path) -> PreTrainedTokenizerBase:
    """The same, read back as anyone would read it."""
    return load_tokenizer(directory)
