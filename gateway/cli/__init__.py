"""The command line. Thin: what touches data goes through the administrator's door (gateway.admin) to the API.

Heavy things are imported inside the commands: `gateway understand` and `--help` load neither aiohttp nor SQLAlchemy.
Exit status: 0 done, 1 not done (one line says why), 2 a configuration or a command line that is refused.
"""

# In the order of --help.
# isort: off
from gateway.cli import process, people, traffic, data  # noqa: F401 -- their commands hang themselves up

# isort: on
from gateway.cli.door import app, hoisted

__all__ = ["app", "hoisted"]
