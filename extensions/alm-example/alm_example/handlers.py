"""What the plugin does with its messages. Its data goes through the workbench's port, never to a table of its own."""

from __future__ import annotations

from alm_example.messages import GetRiskAppetite, RiskAppetiteDTO, SetRiskAppetite
from alm_example.risk import MAX_SCORE, asil
from alm_workbench.contexts.plugin.messages import GetPluginValues, SetPluginValue
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.shared.context import MessageContext

PLUGIN = "alm-example"
KEY = "risk_appetite"
DEFAULT = 6


class SetRiskAppetiteHandler:
    """Keeps the appetite."""

    def __call__(self, ctx: MessageContext, message: SetRiskAppetite) -> RiskAppetiteDTO:
        if not 0 <= message.score <= MAX_SCORE:
            rule = f"from 0 to {MAX_SCORE}"
            raise InvalidInput(f"a risk score goes {rule}", errors=[ErrorItem("/score", "range", rule)])
        ctx.ask(SetPluginValue(PLUGIN, KEY, message.score))
        return RiskAppetiteDTO(message.score, asil(message.score))


class GetRiskAppetiteHandler:
    """Reads the appetite."""

    def __call__(self, ctx: MessageContext, message: GetRiskAppetite) -> RiskAppetiteDTO:
        kept = {item.key: item.value for item in ctx.ask(GetPluginValues(PLUGIN, KEY))}
        score = kept.get(KEY, DEFAULT)
        return RiskAppetiteDTO(int(str(score)), asil(int(str(score))))
