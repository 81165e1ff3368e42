"""Providers of the fine-tuning API, one module a dialect.

To add a provider, write a module with a function `provider(base_url, *, organization, project) -> Provider`, and add
its name to `fttui.config.providers.PROVIDERS`.
"""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from types import MappingProxyType
from typing import Any

from fttui.api.providers.base import Provider as Provider

BEARER: dict[str, Any] = {"key_header": "Authorization", "key_prefix": "Bearer "}
API_KEY: dict[str, Any] = {"key_header": "api-key", "key_prefix": ""}


def provider(
    dialect: str,
    base_url: str,
    *,
    organization: str = "",
    project: str = "",
    auth: str | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
    query: tuple[tuple[str, str], ...] = (),
    create: Mapping[str, Any] = MappingProxyType({}),
    key_origin: str = "",
    key_variable: str = "",
    storage_url: str = "",
    bucket: str = "",
) -> Provider:
    """Return a provider of a dialect, with the settings of a profile.

    Args:
        dialect: the name of a module of this package.
        auth: `bearer` or `api-key`; the default of the dialect if None.
        bucket: the bucket for files, where the provider keeps them apart from the API, at `storage_url`.
        key_variable: the environment variable to name where no key was sent.
    """
    make = import_module(f"{__name__}.{dialect}").provider
    found: Provider = make(base_url, organization=organization, project=project)
    if bucket:
        found = found.with_bucket(bucket, storage_url)
    key = {"bearer": BEARER, "api-key": API_KEY}.get(auth or "", {})
    return replace(
        found,
        headers=MappingProxyType({**found.headers, **headers}),
        query=(*found.query, *query),
        create=MappingProxyType({**found.create, **create}),
        key_origin=key_origin,
        key_variable=key_variable or found.key_variable,
        **key,
    )
