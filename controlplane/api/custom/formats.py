"""The formats of text that schemas may name and that are checked, and those of whole numbers.

Kubernetes' list ("Custom Resources", validation). A format that is not here is not checked.
"""

from __future__ import annotations

import binascii
import datetime
import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from controlplane.api import durations, names, times


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _reads(read: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            read(text)
        except (ValueError, OverflowError, binascii.Error):
            return False
        return True

    return check


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) or text.startswith("/")


def _is_isbn10(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{9}[0-9X]", digits):
        return False
    return sum((10 - at) * (10 if digit == "X" else int(digit)) for at, digit in enumerate(digits)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    return bool(re.fullmatch(r"[0-9]{13}", digits)) and _weighted(digits) % 10 == 0


def _weighted(digits: str) -> int:
    return sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))


def _is_card(text: str) -> bool:
    """Luhn's sum."""
    digits = text.replace("-", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{12,19}", digits):
        return False
    doubled = [int(digit) * (2 if at % 2 else 1) for at, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _uuid(version: str) -> Callable[[str], bool]:
    return _matches(rf"(?i)[0-9a-f]{{8}}-?[0-9a-f]{{4}}-?{version}[0-9a-f]{{3}}-?[0-9a-f]{{4}}-?[0-9a-f]{{12}}")


def _is_rgb(text: str) -> bool:
    found = re.fullmatch(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", text)
    return found is not None and all(int(part) < 256 for part in found.groups())


TEXT: Mapping[str, Callable[[str], bool]] = {
    "bsonobjectid": _matches(r"[0-9a-fA-F]{24}"),
    "uri": _is_uri,
    "email": _matches(r"[^@\s<>()\[\],;:\\\"]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"),
    "hostname": lambda text: names.dns_subdomain(text.lower().rstrip(".")) is None,
    "ipv4": _reads(ipaddress.IPv4Address),
    "ipv6": _reads(ipaddress.IPv6Address),
    "cidr": lambda text: names.cidr(text) is None,
    "mac": _matches(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}"),
    "uuid": _uuid("[0-9a-f]"),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4"),
    "uuid5": _uuid("5"),
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "creditcard": _is_card,
    "ssn": _matches(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _matches(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _is_rgb,
    "byte": _reads(lambda text: b64decode(text, validate=True)),
    "date": _reads(datetime.date.fromisoformat),
    "duration": _reads(durations.parse_duration),
    "datetime": _reads(times.parse_time),
    "date-time": _reads(times.parse_time),
}
# Format -> the bits that a whole number of it takes.
BITS: Mapping[str, int] = {"int32": 32, "int64": 64}
