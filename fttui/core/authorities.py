"""Certificate authorities that TLS trusts: the standard ones, or those that SSL_CERT_FILE or SSL_CERT_DIR names."""

import os
import ssl
from collections.abc import Mapping

import httpx

from fttui.config.errors import ConfigError


def trusted(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return a context that trusts the authorities of the environment.

    Raises:
        ConfigError: a variable names a file or a directory that cannot be used.
    """
    if path := environment.get("SSL_CERT_FILE", ""):
        return _from_file(path)
    if path := environment.get("SSL_CERT_DIR", ""):
        if not any(os.path.isdir(directory) for directory in path.split(os.pathsep)):
            raise _unusable("SSL_CERT_DIR", path, "there is no such directory")
        return ssl.create_default_context(capath=path)
    return standard()


def standard() -> ssl.SSLContext:
    """Return a context that trusts the standard authorities, whatever the environment says."""
    return httpx.create_ssl_context(trust_env=False)


def _from_file(path: str) -> ssl.SSLContext:
    if not os.path.isfile(path):  # reading a pipe would wait for ever
        raise _unusable("SSL_CERT_FILE", path, "it is not a file" if os.path.exists(path) else "there is no such file")
    try:
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise _unusable("SSL_CERT_FILE", path, "it contains no certificates in PEM form") from None
    except OSError as error:
        raise _unusable("SSL_CERT_FILE", path, error.strerror or str(error)) from None


def _unusable(name: str, path: str, why: str) -> ConfigError:
    return ConfigError(f"cannot use {path}, set in {name}: {why}\nUnset {name}, or set it to the right path.")
