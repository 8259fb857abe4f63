"""What an explanation says, in English and Turkish."""

from __future__ import annotations

from collections.abc import Mapping

Texts = Mapping[str, str]

TEXTS: Mapping[str, tuple[str, str]] = {
    "member": ("{name} is a member of {tenant}", "{name}, {tenant} üyesi"),
    "suspended": ("{name} is suspended", "{name} askıya alınmış"),
    "gone": ("{name} was no member then or is none now", "{name} o anda ya da şu anda üye değil"),
    "roles": ("holds the roles {roles}", "şu rollere sahip: {roles}"),
    "no_roles": ("holds no role", "hiçbir rolü yok"),
    "project_roles": ("holds in this project the roles {roles}", "bu projede şu rollere sahip: {roles}"),
    "key": ("an API key with the scopes {scopes}, as far as its maker has them", "kapsamı {scopes} olan bir API anahtarı (sahibinin yetkileri kadar)"),
    "project": ("the project {key} is visible", "{key} projesi görünür"),
    "no_project": ("the project is not visible without the privilege project:read or a role in it", "project:read ayrıcalığı ya da projede bir rol olmadan proje görünmez"),
    "privilege": ("{code} comes with the role {roles}", "{code} ayrıcalığı {roles} rolüyle geliyor"),
    "no_privilege": ("no role held grants {code}", "sahip olunan hiçbir rol {code} ayrıcalığını vermiyor"),
    "process": ("{process} is in force, {hash}", "yürürlükteki süreç: {process}, {hash}"),
    "no_process": ("no process is in force, so nothing may be done with items", "yürürlükte süreç yok, bu yüzden öğelerle bir şey yapılamaz"),
    "type": ("there is no type {type} in it", "içinde {type} türü yok"),
    "hidden_item": ("an item that you may not see", "göremediğiniz bir öğe"),
    "yes": ("Yes: {name} may {action} {what}", "Evet: {name}, {what} üzerinde {action} yetkisine sahip"),
    "no": ("No: {name} may not {action} {what}; {room} refuses: {why}", "Hayır: {name}, {what} üzerinde {action} yetkisine sahip değil; {room} reddediyor: {why}"),
    "room:member": ("the membership", "üyelik"),
    "room:privilege": ("a missing privilege", "eksik ayrıcalık"),
    "room:project": ("the project", "proje"),
    "room:process": ("the process", "süreç"),
    "room:workflow": ("the workflow", "iş akışı"),
    "room:access": ("an access rule", "erişim kuralı"),
    "room:policy": ("a policy", "politika"),
    "room:tenant_policy": ("a policy of the organisation", "kuruluşun bir politikası"),
    "organisation": ("in the organisation", "kuruluş"),
    "gone_item": ("the item did not exist then", "öğe o anda yoktu"),
    "erased": ("what the item was then has been erased", "öğenin o andaki hali silinmiş"),
    "links_now": ("links and steps are counted as they are today", "bağlantılar ve adımlar bugünkü haliyle sayıldı"),
    "deleted_then": ("the item lay in the bin", "öğe çöp kutusundaydı"),
    "account_now": ("names are those of today", "adlar bugünkü haliyle"),
}  # fmt: skip


ACTIONS: Mapping[str, tuple[str, str]] = {
    "read": ("read", "okuma"),
    "create": ("create", "oluşturma"),
    "update": ("update", "değiştirme"),
    "delete": ("delete", "silme"),
    "restore": ("restore", "geri getirme"),
    "link": ("link", "bağlama"),
    "activate": ("activate a process in", "süreci yürürlüğe koyma"),
    "members": ("give roles in", "rol verme"),
}


def action_words(action: str) -> Texts:
    """An action as a part of a sentence."""
    step = action.removeprefix("transition:")
    other = (f"take the step '{step}' of", f"'{step}' adımını atma") if step != action else (f"use {action}", action)
    return dict(zip(("en", "tr"), ACTIONS.get(action, other), strict=True))


def said(key: str, /, **values: object) -> Texts:
    """A text in every language; values may be texts by language themselves."""
    out = {}
    for lang, template in zip(("en", "tr"), TEXTS[key], strict=True):
        given = {name: value[lang] if isinstance(value, Mapping) else value for name, value in values.items()}
        out[lang] = template.format(**given)
    return out
