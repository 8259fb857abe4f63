"""Texts of the log-in, log-out and refusal pages. The page is shown before anybody is known, hence per request."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES: Mapping[str, str] = {"en": "English", "tr": "Türkçe"}

LOGIN_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Log in",
        "product": "ALM Workbench",
        "lead": "Requirements, work and evidence in one place.",
        "email": "E-mail",
        "password": "Password",
        "tenant": "Organisation",
        "choose": "You belong to several organisations. Which one do you want to open?",
        "submit": "Log in",
        "continue": "Continue",
        "back": "Use another account",
        "wrong": "E-mail or password is wrong.",
        "locked": "Too many failed log-ins. Wait a little and try again.",
        "missing": "Enter your e-mail and your password.",
        "stale": "This page was open for too long. Please try again.",
        "unavailable": "The workbench does not answer right now. Please try again in a moment.",
        "logged_out": "You are logged out.",
        "help": "No account, or password lost? Ask the administrator of your organisation.",
        "language": "Language",
        "denied_title": "This page is not for this account",
        "denied_body": "JupyterLab runs code on this computer, so it is open only to its owner "
        "and to people the owner trusts with it.",
        "denied_account": "You are logged in as",
        "dashboards": "Open the dashboards",
        "other_account": "Log in with another account",
        "logout_title": "Log out?",
        "logout_body": "A link on another site wants to end your session.",
        "logout": "Log out",
        "stay": "Stay logged in",
        "problem": "This request could not be answered",
    },
    "tr": {
        "title": "Oturum aç",
        "product": "ALM Workbench",
        "lead": "Gereksinimler, işler ve kanıtlar tek yerde.",
        "email": "E-posta",
        "password": "Parola",
        "tenant": "Kuruluş",
        "choose": "Birden çok kuruluşun üyesisiniz. Hangisini açmak istiyorsunuz?",
        "submit": "Oturum aç",
        "continue": "Devam et",
        "back": "Başka bir hesap kullan",
        "wrong": "E-posta ya da parola yanlış.",
        "locked": "Çok fazla başarısız deneme yapıldı. Biraz bekleyip yeniden deneyin.",
        "missing": "E-posta adresinizi ve parolanızı girin.",
        "stale": "Bu sayfa çok uzun süre açık kaldı. Lütfen yeniden deneyin.",
        "unavailable": "Çalışma ortamı şu anda yanıt vermiyor. Lütfen birazdan yeniden deneyin.",
        "logged_out": "Oturumunuz kapatıldı.",
        "help": "Hesabınız yok mu, parolanızı mı unuttunuz? Kuruluşunuzun yöneticisine başvurun.",
        "language": "Dil",
        "denied_title": "Bu sayfa bu hesaba açık değil",
        "denied_body": "JupyterLab bu bilgisayarda kod çalıştırır; bu yüzden yalnızca sahibine "
        "ve sahibinin güvendiği kişilere açıktır.",
        "denied_account": "Oturum açan hesap:",
        "dashboards": "Panoları aç",
        "other_account": "Başka bir hesapla oturum aç",
        "logout_title": "Oturum kapatılsın mı?",
        "logout_body": "Başka bir sitedeki bir bağlantı oturumunuzu kapatmak istiyor.",
        "logout": "Oturumu kapat",
        "stay": "Oturum açık kalsın",
        "problem": "Bu isteğe yanıt verilemedi",
    },
}
