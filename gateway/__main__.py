"""`python -m gateway …`, and the `gateway` script."""

import os
import sys


def main() -> None:
    os.umask(0o077)  # whatever we write is ours alone
    sys.set_int_max_str_digits(640)  # nobody sends us longer numbers in good faith
    from storage import unmetered

    unmetered.settle()  # before the first import of sqlite3
    from gateway.cli import app

    try:
        app(prog_name="gateway")
    except Exception as err:
        from gateway.logs import told

        said = told(err)
        sys.stderr.write(f"gateway: internal error: {said['error']} at {' < '.join(reversed(said['frames']))}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
