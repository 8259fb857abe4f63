"""Texts around the dashboards, in the language of the request; the components bring their own."""

from __future__ import annotations

from collections.abc import Mapping

PAGE_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "product": "ALM Workbench",
        "dashboards": "Dashboards",
        "all": "All dashboards",
        "lab": "JupyterLab",
        "logout": "Log out",
        "password": "Change the password",
        "switch": "Switch organisation",
        "account": "Account",
        "language": "Language",
        "skip": "Skip to content",
        "none": "There is no dashboard yet",
        "none_hint": "Reviewed notebooks in the dashboards folder appear here.",
        "open": "Open",
        "noscript": "The figures are loaded by a script; please allow scripts of this site.",
        "unbuilt": "The front end has not been built: run “npm ci” and “npm run build” in extensions/ui.",
        "404": "There is no such page",
        "404_hint": "It may have been renamed or removed.",
        "503": "Too many dashboards are open right now",
        "503_hint": "Please try again in a minute.",
        "other": "Something went wrong",
        "other_hint": "Please try again; the log of the server says more.",
    },
    "tr": {
        "product": "ALM Workbench",
        "dashboards": "Panolar",
        "all": "Tüm panolar",
        "lab": "JupyterLab",
        "logout": "Oturumu kapat",
        "password": "Parolayı değiştir",
        "switch": "Kuruluş değiştir",
        "account": "Hesap",
        "language": "Dil",
        "skip": "İçeriğe geç",
        "none": "Henüz pano yok",
        "none_hint": "Pano klasöründeki gözden geçirilmiş not defterleri burada görünür.",
        "open": "Aç",
        "noscript": "Veriler bir betikle yüklenir; lütfen bu sitenin betiklerine izin verin.",
        "unbuilt": "Ön yüz derlenmemiş: extensions/ui içinde “npm ci” ve “npm run build” çalıştırın.",
        "404": "Böyle bir sayfa yok",
        "404_hint": "Adı değişmiş ya da kaldırılmış olabilir.",
        "503": "Şu anda çok fazla pano açık",
        "503_hint": "Lütfen bir dakika sonra yeniden deneyin.",
        "other": "Bir sorun oluştu",
        "other_hint": "Lütfen yeniden deneyin; ayrıntılar sunucu günlüğündedir.",
    },
}
