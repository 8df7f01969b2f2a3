"""Mail providers whose names say nothing of a person: so many have an address there.

A message remembers which of these took it, so that complaints can be counted for each as the provider counts them. Any
other domain may be one family's or one firm's, and is not kept.
"""

PROVIDERS = frozenset(
    {
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "aol.com"),
        *("icloud.com", "me.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "orange.fr", "free.fr", "libero.it"),
        *("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru", "yandex.ru", "ya.ru", "yandex.com", "rambler.ru"),
        *("proton.me", "protonmail.com", "comcast.net", "qq.com", "163.com", "naver.com"),
    }
)


def provider(address: str) -> str | None:
    """Return the provider that an e-mail address is at, if it is one of these."""
    domain = address.rpartition("@")[2].lower()
    return domain if domain in PROVIDERS else None
