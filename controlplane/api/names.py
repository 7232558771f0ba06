"""The spellings Kubernetes allows for names, labels, keys and addresses.

Each check returns what is wrong in Kubernetes' words, or None. It says nothing of where the text stands: validation adds
the path. Rules: RFC 1123 and RFC 1035 names, and Kubernetes' "Labels and Selectors" and "Object Names and IDs".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

Check = Callable[[str], "str | None"]

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_1035_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_PORT_NAME = re.compile(r"[a-z0-9-]+")
_URL_PATH = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")
_HTTP_HEADER = re.compile(r"[-A-Za-z0-9]+")
_PERCENT = re.compile(r"[0-9]+%")
_ENV_NAME = re.compile(r"[ -<>-~]+")

_ALNUM = "start and end with an alphanumeric character"


def dns_label(text: str) -> str | None:
    """RFC 1123: `web-1`"""
    if len(text) > 63:
        return "must be no more than 63 characters"
    if not _DNS_LABEL.fullmatch(text):
        return f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must {_ALNUM}"
    return None


def dns_1035_label(text: str) -> str | None:
    """RFC 1035: as `dns_label`, but with a letter first."""
    if len(text) > 63:
        return "must be no more than 63 characters"
    if not _DNS_1035_LABEL.fullmatch(text):
        return (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character"
        )
    return None


def dns_subdomain(text: str) -> str | None:
    """RFC 1123 labels joined by dots: `web-1.example.com`"""
    if len(text) > 253:
        return "must be no more than 253 characters"
    if not _DNS_SUBDOMAIN.fullmatch(text):
        return (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
            f"and must {_ALNUM}"
        )
    return None


def host_name(text: str) -> str | None:
    """The host of an Ingress: a name of the DNS, whose first label may be `*` for any one."""
    wildcard, dot, rest = text.partition(".")
    if wildcard != "*" or not dot:
        return dns_subdomain(text)
    if len(text) > 253 or not _DNS_SUBDOMAIN.fullmatch(rest):
        return (
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
            "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
        )
    return None


def path_segment(text: str) -> str | None:
    """One step of a URL's path: the names of roles and their bindings, `system:node-proxier`."""
    if text in {".", ".."}:
        return f"may not be '{text}'"
    return next((f"may not contain '{mark}'" for mark in "/%" if mark in text), None)


def domain_prefixed_path(text: str) -> str | None:
    """`acme.io/foo`"""
    domain, slash, path = text.partition("/")
    if not slash or not domain or not path:
        return 'must be a domain-prefixed path (such as "acme.io/foo")'
    if wrong := dns_subdomain(domain):
        return wrong
    if not _URL_PATH.fullmatch(path):
        return f"Invalid path (regex used for validation is '{_URL_PATH.pattern}')"
    return None


def qualified_name(text: str) -> str | None:
    """A label or annotation key: `app`, `example.com/app`"""
    prefix, slash, name = text.rpartition("/")
    if slash and not prefix:
        return "prefix part must be non-empty"
    if slash and (wrong := dns_subdomain(prefix)):
        return f"prefix part {wrong}"
    if not name:
        return "name part must be non-empty"
    if len(name) > 63:
        return "name part must be no more than 63 characters"
    if not _QUALIFIED.fullmatch(name):
        return f"name part must consist of alphanumeric characters, '-', '_' or '.', and must {_ALNUM}"
    return None


def label_value(text: str) -> str | None:
    if len(text) > 63:
        return "must be no more than 63 characters"
    if text and not _QUALIFIED.fullmatch(text):
        return (
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
            + _ALNUM
        )
    return None


def config_key(text: str) -> str | None:
    """A key in a ConfigMap or a Secret; it can serve as a file name."""
    if len(text) > 253:
        return "must be no more than 253 characters"
    if not _CONFIG_KEY.fullmatch(text):
        return "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    if text in {".", ".."} or text.startswith(".."):
        return "must not be '.' or start with '..'"
    return None


def port_name(text: str) -> str | None:
    """A named port (IANA service name): `http-1`"""
    if len(text) > 15:
        return "must be no more than 15 characters"
    if not _PORT_NAME.fullmatch(text):
        return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not any(letter.isalpha() for letter in text):
        return "must contain at least one letter (a-z)"
    if "--" in text:
        return "must not contain consecutive hyphens"
    if text[0] == "-" or text[-1] == "-":
        return "must not begin or end with a hyphen"
    return None


def env_name(text: str) -> str | None:
    """Any printable ASCII but `=`, as of Kubernetes 1.34."""
    return (
        None
        if _ENV_NAME.fullmatch(text)
        else "a valid environment variable name must consist of printable ASCII without '='"
    )


def http_header(text: str) -> str | None:
    if not _HTTP_HEADER.fullmatch(text):
        return "a valid HTTP header must consist of alphanumeric characters or '-'"
    return None


def percent(text: str) -> str | None:
    return None if _PERCENT.fullmatch(text) else "a valid percent string must be a numeric string followed by an ending '%'"


def ip_address(text: str) -> str | None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    return None


def cidr(text: str) -> str | None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    return None if "/" in text else "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


_KUBE_VERSION = re.compile(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?")
_STABILITY = {None: 0, "beta": 1, "alpha": 2}


def by_preference(version: str) -> tuple[int, int, int, str]:
    """Sorts versions, the preferred one first: `v10`, `v2`, `v1`, `v11beta2`, `v3beta1`, `v12alpha1`, `foo1`."""
    found = _KUBE_VERSION.fullmatch(version)
    if found is None:
        return (3, 0, 0, version)
    major, stability, minor = found.groups()
    return (_STABILITY[stability], -int(major), -int(minor or 0), version)
