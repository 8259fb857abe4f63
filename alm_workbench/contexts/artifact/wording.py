"""What is said of rights beside the rules' own words, in English and Turkish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alm_workbench.mpc import Reason

Texts = Mapping[str, str]
LANGUAGES = ("en", "tr")

TEXTS: Mapping[str, tuple[str, str]] = {
    "privilege": ("the privilege {code} is held", "{code} ayrıcalığı var"),
    "no_privilege": ("the privilege {code} is needed", "{code} ayrıcalığı gerekiyor"),
    "hidden_value": ("by a value that is hidden from you", "sizden gizlenen bir değere göre"),
    "tenant_policy": (
        "policy of the organisation: {code}, version {version}",
        "kuruluşun politikası: {code}, sürüm {version}",
    ),
    "computed": ("worked out by the process, so it cannot be set", "süreç hesaplar, bu yüzden yazılamaz"),
    "step": ("the step '{step}' is possible", "'{step}' adımı atılabilir"),
    "approvals": ("others must agree first: {who}", "önce başkalarının onayı gerekiyor: {who}"),
    "no_step": ("the step '{step}' is not possible: {why}", "'{step}' adımı atılamaz: {why}"),
    "R_WF_AUTH_DENIED": ("one of the roles {required} is needed", "şu rollerden biri gerekiyor: {required}"),
    "R_WF_NOT_ACTOR": ("another person must do it", "bunu başka biri yapmalı"),
    "R_WF_REQUIRES": ("a value is needed in: {missing}", "şu alanlarda değer gerekiyor: {missing}"),
    "R_WF_REASON": ("one of these reasons is needed: {reasons}", "şu nedenlerden biri gerekiyor: {reasons}"),
    "R_WF_GUARD_FAIL": ("the condition does not hold{facts}", "koşul sağlanmıyor{facts}"),
    "R_EXPR_UNDECIDED": ("the condition cannot be decided{facts}", "koşula karar verilemiyor{facts}"),
    "E_WF_UNKNOWN_TRANSITION": ("there is no such step from here", "buradan böyle bir adım yok"),
}


def said(key: str, /, **values: object) -> Texts:
    """A text in every language."""
    return {lang: text.format(**values) for lang, text in zip(LANGUAGES, TEXTS[key], strict=True)}


def step_words(step: str, allowed: bool, reasons: Sequence[Reason]) -> Texts:
    """What the workflow says of a step."""
    if allowed:
        return said("step", step=step)
    return {
        lang: said("no_step", step=step, why="; ".join(_why(reason, lang) for reason in reasons))[lang]
        for lang in LANGUAGES
    }


def _why(reason: Reason, lang: str) -> str:
    if reason.code not in TEXTS or lang == "en":
        return reason.labels.get(lang) or reason.message
    listed = {k: ", ".join(map(str, v)) if isinstance(v, tuple) else str(v) for k, v in reason.values.items()}
    seen = "; ".join(f"{path} = {value}" for path, value in listed.items())
    try:
        return said(reason.code, **{**listed, "facts": f": {seen}" if seen else ""})[lang]
    except KeyError:
        return reason.message
