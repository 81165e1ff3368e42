"""Certificate authorities that TLS trusts: the standard ones, or those that SSL_CERT_FILE or SSL_CERT_DIR names."""

import os
import re
import ssl
from collections.abc import Mapping

import httpx

from fttui.config.errors import ConfigError
from fttui.text import size_words

LARGEST_FILE = 16 * 1024 * 1024
"""Greatest size of a file with certificate authorities, in bytes."""
_HASHED = re.compile(r"[0-9a-f]{8}\.r?[0-9]+")
"""Names of the files that OpenSSL reads in a directory."""


def trusted(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return a context that trusts the authorities of the environment.

    Raises:
        ConfigError: a variable names a file or a directory that cannot be used.
    """
    if path := environment.get("SSL_CERT_FILE", ""):
        return _from_file(path)
    if path := environment.get("SSL_CERT_DIR", ""):
        _check_directories(path)
        return ssl.create_default_context(capath=path)
    return standard()


def standard() -> ssl.SSLContext:
    """Return a context that trusts the standard authorities, whatever the environment says."""
    return httpx.create_ssl_context(trust_env=False)


def none() -> ssl.SSLContext:
    """Return a context that trusts no authority, for connections without TLS."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _from_file(path: str) -> ssl.SSLContext:
    if not os.path.isfile(path):  # reading a pipe would wait for ever
        raise _unusable("SSL_CERT_FILE", path, "it is not a file" if os.path.exists(path) else "there is no such file")
    try:
        if os.path.getsize(path) > LARGEST_FILE:
            raise _unusable("SSL_CERT_FILE", path, f"it is larger than {size_words(LARGEST_FILE)}")
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        with open(path, "rb") as file:
            is_damaged = b"BEGIN CERTIFICATE" in file.read(LARGEST_FILE)
        why = "a certificate in it is damaged" if is_damaged else "it contains no certificates in PEM form"
        raise _unusable("SSL_CERT_FILE", path, why) from None
    except OSError as error:
        raise _unusable("SSL_CERT_FILE", path, error.strerror or str(error)) from None


def _check_directories(path: str) -> None:
    """Check the directories of SSL_CERT_DIR. OpenSSL reads their files only when it needs them, and waits for pipes.

    Raises:
        ConfigError: there is no directory, or one contains a pipe or a device in the place of a certificate.
    """
    found = [directory for directory in path.split(os.pathsep) if os.path.isdir(directory)]
    if not found:
        why = "it is not a directory" if os.path.exists(path) else "there is no such directory"
        raise _unusable("SSL_CERT_DIR", path, why)
    for directory in found:
        try:
            with os.scandir(directory) as entries:
                wrong = [entry.name for entry in entries if _HASHED.fullmatch(entry.name) and _is_special(entry)]
        except OSError as error:
            raise _unusable("SSL_CERT_DIR", directory, error.strerror or str(error)) from None
        if wrong:
            raise _unusable("SSL_CERT_DIR", directory, f"{min(wrong)} in it is not a file")


def _is_special(entry: "os.DirEntry[str]") -> bool:
    return not entry.is_file() and os.path.exists(entry.path)  # a link may lead nowhere


def _unusable(name: str, path: str, why: str) -> ConfigError:
    return ConfigError(f"cannot use {path}, set in {name}: {why}\nUnset {name}, or set it to the right path.")
