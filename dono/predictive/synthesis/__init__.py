"""Synthetic tables: a conditional tabular GAN, independent marginals to beat, and what is measured of both."""

from dono.predictive.synthesis.gan import GanSpec, Synthesizer, train_gan
from dono.predictive.synthesis.independent import independent
from dono.predictive.synthesis.judge import Records, association_distance, closest
from dono.predictive.synthesis.layout import Layout
from dono.predictive.synthesis.target import draw_target

__all__ = [
    "GanSpec",
    "Layout",
    "Records",
    "Synthesizer",
    "association_distance",
    "closest",
    "draw_target",
    "independent",
    "train_gan",
]
