"""Indian languages in Latin letters: told apart word by word, by a small model trained on words we wrote."""

from dono.corpus.romanised.model import MODEL, Reading, Romanised, load_romanised
from dono.corpus.romanised.transliteration import ROMANISED, transliterate

__all__ = ["MODEL", "ROMANISED", "Reading", "Romanised", "load_romanised", "transliterate"]
