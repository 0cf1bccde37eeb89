"""The store's own connection: opened, used in transactions, taken up again after PostgreSQL dropped it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine

from storage.engines import connected, make_engine
from storage.errors import StorageUnavailable, classify
from storage.gates import Gates
from storage.keys import KeyRing
from storage.listening import Listening
from storage.tx import Tx

T = TypeVar("T")


class InDoubt(StorageUnavailable):
    """The answer to a COMMIT was lost. `transaction` -- its number, to be asked for; `tx` -- what it held."""

    def __init__(self, tx: Tx, transaction: str) -> None:
        super().__init__("commit in doubt")
        self.tx = tx
        self.transaction = transaction


class Connection:
    """`raw` -- the driver's connection, for the store's thread alone; None while there is none."""

    def __init__(
        self,
        url: str,
        keys: KeyRing,
        gates: Gates,
        listening: Listening,
        *,
        boot: str,
        postgres: bool,
        now_ms: Callable[[], int],
    ) -> None:
        self._url = url
        self._keys = keys
        self._gates = gates
        self._listening = listening
        self._boot = boot
        self._postgres = postgres
        self._now_ms = now_ms
        self._engine: Engine | None = None
        self.raw: Any = None

    def open(self, migrate: Callable[[Engine, Any], object]) -> None:
        """Connect; `migrate` brings the tables up to date first."""
        self._engine = make_engine(self._url)
        with self._engine.connect() as conn:
            migrate(self._engine, conn)
        self.raw = connected(self._engine)

    def begin(self, raw: Any) -> Tx:
        """A hold on that connection, with the time of now."""
        return Tx(
            raw,
            self._keys,
            now_ms=self._now_ms(),
            boot=self._boot,
            postgres=self._postgres,
            gates=self._gates,
            listening=self._listening,
        )

    def transaction(self, body: Callable[[Tx], T], *, reads: bool = False) -> T:
        """`body` between BEGIN and COMMIT; rolled back when it raises."""
        raw = self.raw
        if raw is None:
            raise StorageUnavailable("connection")
        tx = self.begin(raw)
        try:
            if not self._postgres:
                raw.execute("BEGIN" if reads else "BEGIN IMMEDIATE")
            result = body(tx)
            self._commit(tx)
        except BaseException as err:
            if not isinstance(err, InDoubt):
                for job in tx.sends:
                    self._gates.release(job.account_id)
            with contextlib.suppress(Exception):
                raw.rollback()
            raise
        return result

    def _commit(self, tx: Tx) -> None:
        try:
            tx.raw.commit()
        except Exception as err:
            if tx.transaction and classify(err) is not None:
                raise InDoubt(tx, tx.transaction) from err
            raise

    def fate(self, transaction: str) -> str:
        """After the answer to its COMMIT was lost: committed, aborted, in progress, or '' when nobody can be asked."""
        if not self.again():
            return ""
        try:
            found = self.transaction(lambda tx: tx.value("SELECT txid_status(:id)", id=int(transaction)), reads=True)
        except Exception:  # gone again
            return ""
        return str(found or "")

    def again(self) -> bool:
        """After a failure: PostgreSQL may have closed our connection. True when there is a live one."""
        if not self._postgres:
            return False
        assert self._engine is not None
        with contextlib.suppress(Exception):
            if self.raw is not None:
                self.raw.close()
        self.raw = None
        for wait_s in (0.0, 0.2):
            time.sleep(wait_s)
            with contextlib.suppress(Exception):
                self.raw = connected(self._engine)
                return True
        return False

    def close(self) -> None:
        """Checkpoint, and let go."""
        if self.raw is not None:
            with contextlib.suppress(Exception):
                if not self._postgres:
                    self.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with contextlib.suppress(Exception):
                self.raw.close()
        if self._engine is not None:
            self._engine.dispose()
        self.raw = self._engine = None
