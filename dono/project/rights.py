"""Why a source may be learned from, as the project file states it."""

from __future__ import annotations

from datetime import date

from pydantic import Field, model_validator

from dono.project.sections import Section
from dono.rights import Answer, Children, Ground, Licence, PersonalData, Status, widened


class Rights(Section):
    """Why a source may be learned from. What is not known is stated as unknown, and the gate asks (docs/rights.md).

    The old short form (`basis`, a list as `purpose`) is read as the fields that it stands for.
    """

    title: str | None = None
    issuer: str | None = None
    """Who collected it or holds it: the data fiduciary, an author, a publisher."""
    ground: Ground = "unknown"
    clause: str | None = None
    """Which of the legitimate uses of section 7."""
    personal_data: PersonalData = "unknown"
    third_persons: Answer = "unknown"
    """Whether people other than those who consented are named in it."""
    purpose: str = ""
    """The purpose as the notice, the licence or the contract has it."""
    covers_training: Answer = "unknown"
    """Whether that purpose covers training a model."""
    notice: str | None = None
    notice_version: str | None = None
    notice_languages: tuple[str, ...] = ()
    consent_store: str | None = None
    """URI of the records that prove notice and consent."""
    consent_from: date | None = None
    consent_to: date | None = None
    children: Children = "unknown"
    children_method: str | None = None
    licence: Licence | None = None
    contract: str | None = None
    """A contract's reference, where no public licence gives the right."""
    retain_until: date | None = None
    """The last day on which it may be kept."""
    keep_until: date | None = None
    """The day until which the law asks that it be kept; else a year from processing (Rule 8(3))."""
    erasure_method: str | None = None
    geography: tuple[str, ...] = ()
    """Countries in which it was collected (ISO 3166)."""
    transfer_countries: tuple[str, ...] = ()
    storage: tuple[str, ...] = ()
    """Countries in which it may be stored; none named: not limited."""
    approved_by: str | None = None
    approved_on: date | None = None
    status: Status = "active"
    basis: str | None = Field(default=None, exclude=True)
    """The old short form of `ground`."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, stated: object) -> object:
        return widened(stated) if isinstance(stated, dict) else stated

    @model_validator(mode="after")
    def _consistent(self) -> Rights:
        if self.ground == "not_personal" and self.personal_data in ("identifiable", "pseudonymised"):
            raise ValueError(f"ground not_personal does not fit personal_data {self.personal_data}")
        if self.retain_until and self.keep_until and self.retain_until < self.keep_until:
            raise ValueError(f"retain_until {self.retain_until} comes before keep_until {self.keep_until}")
        return self
