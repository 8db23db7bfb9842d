"""The Python SDK of Media Vault, the native API of Coffer.

    import mediavault

    vault = mediavault.MediaVault("https://vault.example.com")
    vault.auth.login("user@example.com", "yourpassword")
    photo = vault.media.upload("photo.jpg", tags=["sea"])

`MediaVault` blocks and is for any number of threads; `AsyncMediaVault` has the same calls for event
loops.
"""

from ._async_client import AsyncMediaVault
from ._client import MediaVault
from ._downloads import DownloadTarget
from ._operations import UNSET
from ._options import (
    Hooks,
    RateLimit,
    RequestInfo,
    ResponseInfo,
    Retry,
    RetryInfo,
    logging_hooks,
)
from ._pages import AsyncPages, Pages
from ._sources import AsyncUploadSource, UploadSource
from ._streams import AsyncContentStream, ContentStream
from ._version import __version__
from .errors import *
from .errors import __all__ as _errors
from .models import *
from .models import __all__ as _models
from .realtime import *
from .realtime import __all__ as _realtime
from .webhooks import sign_webhook, verify_webhook

__all__ = [
    "UNSET",
    "AsyncContentStream",
    "AsyncMediaVault",
    "AsyncPages",
    "AsyncUploadSource",
    "ContentStream",
    "DownloadTarget",
    "Hooks",
    "MediaVault",
    "Pages",
    "RateLimit",
    "RequestInfo",
    "ResponseInfo",
    "Retry",
    "RetryInfo",
    "UploadSource",
    "__version__",
    "logging_hooks",
    "sign_webhook",
    "verify_webhook",
    *_errors,
    *_models,
    *_realtime,
]
