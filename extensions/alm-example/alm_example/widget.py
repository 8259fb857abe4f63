"""A notebook widget: a badge that shows a risk score in colour."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from alm_example.risk import MAX_SCORE, asil


class RiskBadge(anywidget.AnyWidget):
    """Shows ``score`` (0 to 10) with the integrity level it asks for, and follows changes."""

    _esm = """
    export default {
      render({ model, el }) {
        const badge = document.createElement('span');
        badge.style.cssText = 'border-radius:1em;padding:.2em .8em;color:#fff;font-family:sans-serif';
        const draw = () => {
          const score = model.get('score');
          badge.textContent = `${model.get('label')} ${score}/10 · ${model.get('asil')}`;
          badge.style.background = score >= 9 ? '#b71c1c' : score >= 7 ? '#bf5600' : '#1b5e20';
        };
        model.on('change', draw);
        draw();
        el.append(badge);
      },
    };
    """
    score = traitlets.Int(0, min=0, max=MAX_SCORE).tag(sync=True)
    asil = traitlets.Unicode("QM").tag(sync=True)
    label = traitlets.Unicode("Risk").tag(sync=True)

    @traitlets.observe("score")
    def _follow(self, change: Any) -> None:
        self.asil = asil(change["new"])


def risk_badge(project: Any = None, *, score: int = 0, label: str = "Risk") -> RiskBadge:
    """The badge of a score; ``project`` is the facade's project and only names what the badge is about."""
    key = getattr(project, "key", None)
    return RiskBadge(score=score, label=f"{key} {label}" if key else label)
