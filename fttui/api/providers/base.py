"""Facts about the API of one provider, known before a connection. Its calls are in `dialect`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from fttui.api import faults
from fttui.models.spec import HYPERPARAMETERS

if TYPE_CHECKING:
    from fttui.api.providers.dialect import Dialect


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider and its differences from OpenAI's API. The defaults are OpenAI's."""

    name: str
    """The dialect: the name of a module of this package."""
    dialect: "type[Dialect] | None" = None
    """The class with the calls of the API; None for OpenAI's."""
    base_url: str
    """URL without a trailing slash."""
    label: str = ""
    """Name of the provider in messages; the base URL if empty."""
    key_header: str = "Authorization"
    key_prefix: str = "Bearer "
    key_origin: str = ""
    """Source of the key, for messages; empty if no key is sent."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that usually has the key, for messages; empty if there is none."""
    hosts: frozenset[str] = frozenset()
    """Hosts besides that of `base_url` that get the key, over TLS."""
    storage_url: str = ""
    """URL of the storage for files, where it is apart. It gets the key."""
    bucket: str = ""
    """Bucket for files in that storage; empty if there is none."""
    headers: Mapping[str, str] = field(default_factory=_empty)
    """Headers of every request, for the hosts that get the key."""
    query: tuple[tuple[str, str], ...] = ()
    """Query parameters of every request."""
    jobs: str = "/fine_tuning/jobs"
    """Path of the list of jobs, below the base URL."""
    files: str = "/files"
    """Path of the list of files, below the base URL, or a whole URL."""
    models: str = "/models"
    """Path of the list of models, in the same way."""
    chat: str = "/chat/completions"
    """Path of chat completions; `{model}` stands for the model."""
    chat_length: str = "max_tokens"
    """Member of a chat completion with the longest length."""
    keeps_metadata: bool = True
    """False if the provider drops `metadata` on create, so that a job cannot be found by its token."""
    hyperparameters: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType(HYPERPARAMETERS))
    """Names of hyperparameters by method. A method without an entry is not offered."""
    has_auto: bool = True
    """False if hyperparameters cannot be `auto`. They are left out then: the provider chooses."""
    lacks: frozenset[str] = frozenset()
    """Members of `JobSpec` that the provider has no counterpart for, such as `suffix`."""
    missing: frozenset[str] = frozenset()
    """Verbs that the provider is known not to offer: `pause`, `resume`, `events`, `delete_job`, `try_model` (chat
    completions), …"""
    gives_weights: bool = False
    """Weights of tuned models can be downloaded: see `Dialect.weights`."""
    closed: str = ""
    """Words after the provider's name that say why it takes no new jobs; empty if it takes them."""
    is_watched: bool = False
    """Jobs were started by other programs, and fttui only reads their files."""
    has_samples: bool = False
    """Jobs have samples by step, which polls and synchronizations read: of the embedded service, and watched runs."""
    keeps_no_copy: bool = False
    """A job that is deleted at the provider is deleted from the archive too."""
    secrets: frozenset[str] = frozenset()
    """Members of objects that hold keys of the user: blank in what is stored and printed."""
    costs: Mapping[str, int] = field(default_factory=_empty)
    """Number of requests of each verb of the dialect that sends more than one, for the limit of polling."""
    fault: faults.ReadFault = faults.of_openai
    """Reads the body of an error."""
    create: Mapping[str, Any] = field(default_factory=_empty)
    """Additional members of the body that creates a job."""

    def with_bucket(self, bucket: str, storage_url: str = "") -> Self:
        """Return a provider that keeps its files in a bucket, and so offers them."""
        missing = self.missing - {"upload", "delete_file", "file", "content"}
        return replace(self, bucket=bucket, storage_url=storage_url or self.storage_url, missing=missing)

    @property
    def title(self) -> str:
        """Name of the provider in messages."""
        return self.label or self.base_url
