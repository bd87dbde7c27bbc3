"""What an agent's, a service's or a pipeline's own code imports: where its password comes from.

In: the address of Lockgate and a registered key, as `file:PATH` or `env:NAME`. Out: one-hour tokens, in the forms that
drivers ask a password in. It keeps no secret on disk, and imports nothing of the server.
"""

from lockgate.sdk.secrets import read_secret
from lockgate.sdk.tokens import Tokens

__all__ = ["Tokens", "read_secret"]
