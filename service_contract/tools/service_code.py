"""The Service ID: digits with a check digit, and what people type instead of it.

The check digit is ISO 7064 mod 11,10 (``stdnum``): it finds every single wrong digit
and nearly every swap of neighbours. Digits only, so that the letters O, I and l, typed
or read out for digits, can be folded without losing anything.
"""

import unicodedata

from stdnum.iso7064 import mod_11_10

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


def make(body: str) -> str:
    """Return ``body`` (digits) with its check digit appended."""
    return body + mod_11_10.calc_check_digit(body)


def is_valid(code: str) -> bool:
    """Tell whether ``code`` is made of digits and its check digit is right."""
    return code.isascii() and code.isdigit() and mod_11_10.is_valid(code)


def has_own_shape(code: str) -> bool:
    """Tell whether ``code`` could be one of ours: eight digits, or nine when the
    sequence has passed ten million.
    """
    return code.isascii() and code.isdigit() and 8 <= len(code) <= 9


def group(code: str) -> str:
    """Return an own ``code`` in groups of four, as it is shown and read out."""
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4))


def fold(text: str) -> str:
    """Return the look-up key of ``text``: capitals and digits only, O/I/L as digits.

    Digits of any script (Thai, full width) become ASCII ones.
    """
    key = []
    for char in text or "":
        digit = unicodedata.decimal(char, None)
        if digit is not None:
            key.append(str(digit))
        elif char.isalnum():
            # a few capitals are written with an accent behind them
            key += filter(str.isalnum, char.upper())
    return "".join(key).translate(_LOOKALIKES)


def strip_prefix(text: str) -> str:
    """Return what follows the last letter that can't be a misread digit.

    "Service ID: 1234 5678", "SC-12345678" and a scanned address that ends with the
    code all leave the code.
    """
    cut = 0
    for position, char in enumerate(text or "", start=1):
        if unicodedata.category(char)[0] in "LM" and char not in "OoIiLl":
            cut = position
    return (text or "")[cut:]
