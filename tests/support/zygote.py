"""A parent that has imported everything and started nothing: it forks a gateway in milliseconds.

One JSON line in: `{"config": path, "env": {...}, "log": path}`; one out: `{"pid": n}`. `{"wait": pid}` answers
`{"status": n}` once that child has ended (negative: by that signal).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    import gateway.app
    import gateway.config
    import storage.killpoints
    from channels import registry

    import_all = [registry.adapter(name) for name in registry.MODULES]
    assert import_all
    import channels.telegram.client

    channels.telegram.client.prepare()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.environ.update(order["env"])
            storage.killpoints.arm(order["env"].get("GATEWAY_KILL_AT", ""))
            try:
                config = gateway.config.load(Path(order["config"]), os.environ)
                code = gateway.app.run(config)
            except BaseException:
                import traceback

                traceback.print_exc()
                code = 70
            os._exit(code)
        print(json.dumps({"pid": pid}), flush=True)


if __name__ == "__main__":
    main()
